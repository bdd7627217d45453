//! ConfigMaps where there is no API server. With one they are tested in `tests/cluster`.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing_subscriber::fmt;

use super::super::{Nudge, configmap};
use super::listener;
use crate::config::{ConfigMapConfig, ConfigMaps};

/// What is written to the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic inside").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn dead_end() -> kube::Client {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = port.local_addr().expect("an address");
    let url = format!("http://{address}").parse().expect("a URL");
    let mut config = kube::Config::new(url);
    config.default_namespace = "prod".to_owned();
    kube::Client::try_from(config).expect("a client")
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_gone_is_told_once_and_the_libraries_are_not_heard() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = fmt().with_writer(move || written.clone()).finish();
    let _heard = tracing::subscriber::set_default(subscriber);

    let config = ConfigMapConfig {
        namespace: None,
        which: ConfigMaps::Name("models".to_owned()),
    };
    let (client, nudge) = (dead_end().await, Nudge::default());
    let (sink, mut heard) = listener();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        configmap::watch(&config, client, sink, nudge, stopped).await;
    });
    let (source, _) = heard.0.recv().await.expect("a trouble");
    assert_eq!(source, "configmap prod/models");
    sleep(Duration::from_secs(300)).await;
    assert_eq!(heard.try_next(), None);
    let written = log.0.lock().expect("no panic inside").clone();
    assert_eq!(String::from_utf8_lossy(&written), "");

    stop.send_replace(true);
    let ended = timeout(Duration::from_secs(5), task).await;
    assert!(ended.is_ok(), "still running");
}
