//! The service as a process, and requests to it over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far longer than anything here takes, far shorter than a hung test run.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The program under test: the one that was built with the tests, or the one that is named.
pub fn program() -> PathBuf {
    std::env::var_os("LOGTRIAGE_TEST_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_logtriage").into(), PathBuf::from)
}

pub fn logtriage(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program());
    clean(&mut command);
    command.args(arguments).envs(environment.iter().copied());
    command
}

/// What the caller has set for itself must not change what is tested.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["LOGTRIAGE_", "ONNX_", "OTEL_"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(&name);
        }
    }
}

pub fn output(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let output = logtriage(arguments, environment).output();
    output.expect("the program runs")
}

/// A running service; killed where a test fails.
pub struct Service {
    pub process: Child,
    pub data: SocketAddr,
    pub operations: SocketAddr,
    pub serving: Value,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    pub fn start(environment: &[(&str, &str)]) -> Service {
        Service::of(logtriage(&["serve"], &[]), environment)
    }

    /// What `command` runs is the service.
    pub fn of(mut command: Command, environment: &[(&str, &str)]) -> Service {
        let ports = [
            ("LOGTRIAGE__SERVER__LISTEN", "127.0.0.1:0"),
            ("LOGTRIAGE__OPERATIONS__LISTEN", "127.0.0.1:0"),
        ];
        clean(&mut command);
        command.envs(ports).envs(environment.iter().copied());
        let mut process = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let log = process.stderr.take().expect("a log");
        let (sender, receiver) = mpsc::channel();
        let kept: Arc<Mutex<Vec<String>>> = Arc::default();
        let keeper = Arc::clone(&kept);
        // Read to the end, so that the service never waits for somebody to read its log.
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                keeper.lock().expect("no panic").push(line.clone());
                let _ = sender.send(line);
            }
        });
        let mut said = Vec::new();
        let serving = loop {
            let line = receiver.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("the service does not start: {said:#?}"));
            let told: Value = serde_json::from_str(&line).expect("the log is JSON");
            if told["message"] == "serving" {
                break told;
            }
            said.push(line);
        };
        let address = |key: &str| {
            let text = serving[key].as_str().expect("an address");
            text.parse().expect("an address")
        };
        Service {
            data: address("listen"),
            operations: address("operations"),
            process,
            serving,
            log: kept,
            reader: Some(reader),
        }
    }

    /// Every line of its log so far; all of them once it was stopped.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    /// Ends it in order, and reads its log to the end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal();
        let status = self.wait();
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        status
    }

    pub fn signal(&self) {
        let kill = Command::new("kill")
            .arg("-TERM")
            .arg(self.process.id().to_string())
            .status();
        assert!(kill.expect("kill runs").success());
    }

    /// What `GET /v1/models` says.
    pub fn models(&self) -> Value {
        let (_, body) = get(self.operations, "/v1/models");
        serde_json::from_str(&body).expect("JSON")
    }

    /// The models' state once `holds` is true of it.
    pub fn models_when(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let models = self.models();
            if holds(&models) {
                return models;
            }
            assert!(start.elapsed() < PATIENCE, "{what}: {models:#}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.process.id());
        let statm = std::fs::read_to_string(path).expect("a process");
        let pages: u64 = statm
            .split(' ')
            .nth(1)
            .expect("a field")
            .parse()
            .expect("a number");
        pages * 4096
    }

    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the service did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Head and body of one answer.
pub fn answer(stream: &mut TcpStream) -> (String, String) {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let length: usize = length.expect("a length").parse().expect("a number");
            if body.len() >= length {
                return (head.to_owned(), body.to_owned());
            }
        }
        let mut buffer = [0; 65536];
        let count = stream.read(&mut buffer).expect("bytes");
        assert!(count > 0, "the connection ended after {text:?}");
        read.extend_from_slice(&buffer[..count]);
    }
}

pub fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")
}

pub fn post(address: SocketAddr, path: &str, body: &str) -> (String, Value) {
    let mut stream = connect(address);
    let request = head(path, body.len()) + body;
    stream.write_all(request.as_bytes()).expect("sent");
    let (head, body) = answer(&mut stream);
    (head, serde_json::from_str(&body).expect("JSON"))
}

pub fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = connect(address);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").expect("sent");
    answer(&mut stream)
}

pub fn is(head: &str, status: u16) -> bool {
    head.starts_with(&format!("HTTP/1.1 {status} "))
}
