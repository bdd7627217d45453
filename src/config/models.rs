//! The sections that say which models serve and how they run: models, engine, batch.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::error::ConfigError;
use super::reader::{Reader, choose, invalid, one_of};
use super::sources::SourcesConfig;
use super::{host, serialize};
use crate::verdict::Member;

/// Where the models come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelsConfig {
    /// Directory of a bundle; without one the bundle built into the program serves.
    pub dir: Option<PathBuf>,
    /// minisign public keys, one of which must have signed a bundle; without any nothing is asked.
    pub trusted_keys: Vec<String>,
    /// A bundle that was made before this is refused.
    #[serde(serialize_with = "serialize::time")]
    pub min_created: Option<SystemTime>,
    /// Lines that whatever serves has to forward, as NDJSON.
    pub must_forward: Option<PathBuf>,
    /// The sources that are asked over the network.
    #[serde(flatten)]
    pub sources: SourcesConfig,
    /// What to do at start where the directory holds no acceptable bundle.
    pub on_start_failure: OnStartFailure,
    /// How long a bundle that looks half-written may stay so before it is refused.
    #[serde(serialize_with = "serialize::duration")]
    pub settle: Duration,
    /// How many earlier bundles are kept in memory, compressed, for a rollback.
    pub keep: usize,
}

/// A plain copy of a bundle takes a second or two, over a slow network some more.
const SETTLE: Duration = Duration::from_secs(10);
/// The last one that was good, and the one before it.
const KEEP: usize = 2;
/// Each takes about the size of its packed form.
const MOST_KEPT: usize = 16;

/// What to do at start without an acceptable bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStartFailure {
    /// Serve the built-in bundle, each verdict flagged degraded and forwarded.
    Builtin,
    /// End with exit code 1.
    Refuse,
}

impl ModelsConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<ModelsConfig, ConfigError> {
        let words = [
            ("builtin", OnStartFailure::Builtin),
            ("refuse", OnStartFailure::Refuse),
        ];
        Ok(ModelsConfig {
            dir: reader.path("models.dir")?,
            trusted_keys: trusted_keys(reader)?,
            min_created: reader.optional(
                "models.min_created",
                "a time in UTC such as 2026-11-22T00:00:00Z",
                |text| humantime::parse_rfc3339(text).ok(),
            )?,
            must_forward: reader.path("models.must_forward")?,
            sources: SourcesConfig::read(reader)?,
            on_start_failure: reader.word(
                "models.on_start_failure",
                OnStartFailure::Builtin,
                &words,
            )?,
            settle: reader.duration("models.settle", SETTLE, Duration::ZERO)?,
            keep: reader.or(
                "models.keep",
                KEEP,
                &format!("a whole number from 0 to {MOST_KEPT}"),
                |text| text.parse().ok().filter(|keep| *keep <= MOST_KEPT),
            )?,
        })
    }
}

/// The keys themselves, those of files as well: what a key file holds later is for the next start.
fn trusted_keys(reader: &Reader<'_>) -> Result<Vec<String>, ConfigError> {
    let key = "models.trusted_keys";
    let expected = "minisign public keys (56 characters that begin with RW) or paths of .pub files";
    let items = reader.list(key, expected, |item| Some(item.to_owned()))?;
    let (Some(items), Some(given)) = (items, reader.given(key)) else {
        return Ok(Vec::new());
    };
    let read = |item: &String| {
        public_key(item).map_err(|detail| {
            let found = format!("{item}: {detail}");
            invalid(key, given, expected, &found)
        })
    };
    items.iter().map(read).collect()
}

/// A minisign public key: itself, or the path of a file that holds it as minisign writes it.
///
/// # Errors
/// What is wrong with it.
pub fn public_key(item: &str) -> Result<String, String> {
    let known = |text: &str| minisign_verify::PublicKey::from_base64(text).map(|_| text.to_owned());
    if let Ok(key) = known(item) {
        return Ok(key);
    }
    let text = std::fs::read_to_string(item)
        .map_err(|error| format!("neither a key nor a file that can be read ({error})"))?;
    // A comment, and the key on a line of its own.
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    known(line.unwrap_or_default()).map_err(|error| format!("no public key in the file ({error})"))
}

/// What runs the ONNX files, and with what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EngineConfig {
    /// Which engine.
    pub kind: EngineKind,
    /// The ONNX Runtime library; without one the usual places are searched.
    pub library: Option<PathBuf>,
    /// Threads inside one operator, for each worker.
    pub intra_threads: NonZeroUsize,
    /// Threads between operators, for each worker.
    pub inter_threads: NonZeroUsize,
    /// How far ONNX Runtime rewrites a graph.
    pub optimization: Optimization,
    /// Execution providers in the order in which they are tried; cpu is always the last.
    #[serde(rename = "provider")]
    pub providers: Vec<Provider>,
    /// Start of the names of ONNX Runtime's profile files; none are written without it.
    pub profile: Option<PathBuf>,
    /// How many workers judge at the same time, each with its own models.
    pub workers: NonZeroUsize,
    /// Which engine runs one member, whatever `kind` says.
    pub members: MemberEngines,
}

/// The engine of single members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemberEngines {
    /// Of the classifier.
    pub classifier: Option<EngineKind>,
    /// Of the anomaly detector.
    pub anomaly: Option<EngineKind>,
}

/// What runs an ONNX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Native where that engine runs the graph in full, else ONNX Runtime.
    Auto,
    /// The engine for trees that is built in.
    Native,
    /// ONNX Runtime, whose library is loaded at start.
    OnnxRuntime,
}

const KINDS: [(&str, EngineKind); 3] = [
    ("auto", EngineKind::Auto),
    ("native", EngineKind::Native),
    ("onnxruntime", EngineKind::OnnxRuntime),
];

/// Graph optimisation of ONNX Runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimization {
    /// None (level 0).
    Disable,
    /// Constant folding and redundant nodes (level 1).
    Basic,
    /// And fusions (level 2).
    Extended,
    /// And layout changes (levels 3 and 99).
    All,
}

/// Execution provider of ONNX Runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor; always there.
    Cpu,
    /// NVIDIA CUDA.
    Cuda,
    /// NVIDIA TensorRT.
    TensorRt,
    /// Intel OpenVINO.
    OpenVino,
    /// Apple Core ML.
    CoreMl,
}

/// Names of the providers, as configuration and metrics write them.
const PROVIDERS: [(&str, Provider); 5] = [
    ("cpu", Provider::Cpu),
    ("cuda", Provider::Cuda),
    ("tensorrt", Provider::TensorRt),
    ("openvino", Provider::OpenVino),
    ("coreml", Provider::CoreMl),
];

const OPTIMIZATIONS: [(&str, Optimization); 4] = [
    ("disable", Optimization::Disable),
    ("basic", Optimization::Basic),
    ("extended", Optimization::Extended),
    ("all", Optimization::All),
];

/// The numbers that ONNX Runtime's own interface gives to the levels.
const OPTIMIZATION_NUMBERS: [(&str, Optimization); 5] = [
    ("0", Optimization::Disable),
    ("1", Optimization::Basic),
    ("2", Optimization::Extended),
    ("3", Optimization::All),
    ("99", Optimization::All),
];

/// Start of profile names where only "true" is said.
const PROFILE_PREFIX: &str = "logtriage-profile";

impl Provider {
    /// The name in configuration.
    pub fn as_str(self) -> &'static str {
        let named = PROVIDERS.iter().find(|(_, provider)| *provider == self);
        named.map_or("cpu", |(name, _)| name)
    }
}

impl EngineConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<EngineConfig, ConfigError> {
        let member = |key| reader.optional(key, &one_of(&KINDS), |text| choose(&KINDS, text));
        let levels = format!("{}, or 0, 1, 2, 3, 99", one_of(&OPTIMIZATIONS));
        Ok(EngineConfig {
            kind: reader.word("engine.kind", EngineKind::Auto, &KINDS)?,
            library: reader.path("engine.library")?,
            intra_threads: reader.count("engine.intra_threads", NonZeroUsize::MIN)?,
            inter_threads: reader.count("engine.inter_threads", NonZeroUsize::MIN)?,
            optimization: reader.or("engine.optimization", Optimization::All, &levels, |text| {
                choose(&OPTIMIZATIONS, text).or_else(|| choose(&OPTIMIZATION_NUMBERS, text))
            })?,
            providers: providers(reader)?,
            profile: reader
                .optional("engine.profile", "a path", profile)?
                .flatten(),
            workers: reader.count_or_auto("engine.workers", host::processors)?,
            members: MemberEngines {
                classifier: member("engine.members.classifier")?,
                anomaly: member("engine.members.anomaly")?,
            },
        })
    }

    /// Which engine is to run a member, and the key that says so.
    pub fn kind_of(&self, member: Member) -> (EngineKind, &'static str) {
        let own = match member {
            Member::Classifier => (self.members.classifier, "engine.members.classifier"),
            Member::Anomaly => (self.members.anomaly, "engine.members.anomaly"),
            Member::Rules => (None, "engine.kind"),
        };
        match own {
            (Some(kind), key) => (kind, key),
            (None, _) => (self.kind, "engine.kind"),
        }
    }
}

/// The providers in order, each once; what stood behind cpu could never be reached, so cpu goes last.
fn providers(reader: &Reader<'_>) -> Result<Vec<Provider>, ConfigError> {
    let read = |text: &str| choose(&PROVIDERS, text);
    let given = reader.list("engine.provider", &one_of(&PROVIDERS), read)?;
    let mut providers = Vec::new();
    for provider in given.unwrap_or_default() {
        if provider != Provider::Cpu && !providers.contains(&provider) {
            providers.push(provider);
        }
    }
    providers.push(Provider::Cpu);
    Ok(providers)
}

fn profile(text: &str) -> Option<Option<PathBuf>> {
    Some(match text.to_ascii_lowercase().as_str() {
        "false" | "0" | "no" | "off" => None,
        "true" | "1" | "yes" | "on" => Some(Path::new(PROFILE_PREFIX).to_owned()),
        _ => Some(PathBuf::from(text)),
    })
}

/// How records are gathered for the models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatchConfig {
    /// Most records judged in one call of the models, from 1 to 4096; a longer request takes
    /// several calls.
    pub max_records: NonZeroUsize,
    /// How long a record waits for others to join its batch; 0 releases it at once.
    #[serde(serialize_with = "serialize::duration")]
    pub max_delay: Duration,
    /// Most records that may wait, what does not fit is answered 429; without a number as many as
    /// the workers judge in a second.
    #[serde(serialize_with = "serialize::number_or_auto")]
    pub queue_records: Option<NonZeroUsize>,
    /// Most bytes that records may take while they wait.
    #[serde(serialize_with = "serialize::size")]
    pub queue_bytes: usize,
}

const MAX_RECORDS: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");
/// Long enough for the requests of a busy moment to meet, too short for one alone to notice.
const MAX_DELAY: Duration = Duration::from_millis(1);
/// Bounds the memory that one call of the models takes.
const MOST_RECORDS: usize = 4096;

impl BatchConfig {
    pub(super) fn read(reader: &Reader<'_>) -> Result<BatchConfig, ConfigError> {
        let expected = format!("a whole number from 1 to {MOST_RECORDS}");
        let max_records = reader.or("batch.max_records", MAX_RECORDS, &expected, |text| {
            let count: NonZeroUsize = text.parse().ok()?;
            (count.get() <= MOST_RECORDS).then_some(count)
        })?;
        Ok(BatchConfig {
            max_records,
            max_delay: reader.duration("batch.max_delay", MAX_DELAY, Duration::ZERO)?,
            queue_records: reader.count_unless_auto("batch.queue_records")?,
            queue_bytes: reader.size_or_auto("batch.queue_bytes", host::auto_queue_bytes)?,
        })
    }
}
