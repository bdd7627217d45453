//! Nudges and the signal to stop.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::super::{Nudge, stopped};

#[tokio::test(start_paused = true)]
async fn every_listener_hears_a_nudge_once() {
    let nudge = Nudge::default();
    nudge.nudge();
    let (mut one, mut two) = (nudge.listen(), nudge.clone().listen());
    let silent = timeout(Duration::from_secs(1), one.next()).await;
    assert!(silent.is_err(), "a nudge from before was heard");
    nudge.nudge();
    nudge.nudge();
    one.next().await;
    two.next().await;
    for nudges in [&mut one, &mut two] {
        let again = timeout(Duration::from_secs(1), nudges.next()).await;
        assert!(again.is_err(), "heard twice");
    }
    drop(nudge);
    let gone = timeout(Duration::from_secs(1), one.next()).await;
    assert!(gone.is_err(), "the end of all senders is no nudge");
}

#[tokio::test(start_paused = true)]
async fn a_stop_comes_by_word_or_with_the_end_of_its_sender() {
    let (sender, mut stop) = watch::channel(false);
    sender.send_replace(false);
    let running = timeout(Duration::from_secs(1), stopped(&mut stop)).await;
    assert!(running.is_err(), "false is no stop");
    sender.send_replace(true);
    stopped(&mut stop).await;

    let (sender, mut stop) = watch::channel(false);
    drop(sender);
    stopped(&mut stop).await;
}
