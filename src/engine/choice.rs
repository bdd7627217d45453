//! Which engine runs which member, and why.

use std::sync::{Arc, Mutex, PoisonError};

use prost::bytes::Bytes;

use super::native::{NativeGraph, NotNative, Refusal, check_sound};
use super::onnxruntime::{Runtime, RuntimeGraph};
use super::{EngineError, GraphContract, Model};
use crate::config::{EngineConfig, EngineKind, Provider};
use crate::verdict::Member;

/// The engines of this process. ONNX Runtime's library is loaded when the first member needs it.
pub struct Engines {
    options: EngineConfig,
    runtime: Mutex<Option<Runtime>>,
}

/// A graph that was checked against its contract, and the engine that runs it. Models of several
/// workers share what it holds.
pub struct Graph {
    kind: GraphKind,
    reason: Arc<str>,
}

enum GraphKind {
    Native(Box<NativeGraph>),
    OnnxRuntime(Box<RuntimeGraph>),
}

impl Graph {
    /// One worker's model.
    ///
    /// # Errors
    /// Where ONNX Runtime makes no session, or one that is not what the contract says.
    pub fn model(&self) -> Result<Box<dyn Model>, EngineError> {
        match &self.kind {
            GraphKind::Native(graph) => Ok(graph.model(&self.reason)),
            GraphKind::OnnxRuntime(graph) => graph.model(&self.reason),
        }
    }
}

impl Engines {
    /// Engines with these options; nothing is loaded yet.
    pub fn new(options: EngineConfig) -> Engines {
        Engines {
            options,
            runtime: Mutex::new(None),
        }
    }

    /// Takes a member's graph to the engine that the configuration says, or that suits it.
    ///
    /// # Errors
    /// Where the graph is not what the contract says, no engine runs it, or ONNX Runtime is needed and
    /// does not load.
    pub fn graph(
        &self,
        member: Member,
        graph: Bytes,
        contract: &GraphContract<'_>,
    ) -> Result<Graph, EngineError> {
        let (kind, reason) = self.choose(member, graph, contract)?;
        Ok(Graph {
            kind,
            reason: reason.into(),
        })
    }

    /// As [`Engines::graph`] where the engine is settled.
    ///
    /// # Errors
    /// As there.
    pub fn graph_on(
        &self,
        engine: EngineKind,
        member: Member,
        graph: Bytes,
        contract: &GraphContract<'_>,
    ) -> Result<Graph, EngineError> {
        let mut options = self.options.clone();
        options.kind = engine;
        options.members = Default::default();
        Engines {
            options,
            runtime: Mutex::new(self.loaded().clone()),
        }
        .graph(member, graph, contract)
    }

    fn choose(
        &self,
        member: Member,
        graph: Bytes,
        contract: &GraphContract<'_>,
    ) -> Result<(GraphKind, String), EngineError> {
        let (wanted, key) = self.options.kind_of(member);
        if wanted == EngineKind::OnnxRuntime {
            return self.on_runtime(graph, contract, format!("{key} says so"));
        }
        if wanted == EngineKind::Auto
            && let Some(reason) = self.asks_for_runtime()
        {
            return self.on_runtime(graph, contract, reason);
        }
        let refusal = match NativeGraph::load(graph.clone(), contract) {
            Ok(native) => {
                let reason = match wanted {
                    EngineKind::Native => format!("{key} says so"),
                    _ => "the graph is one that the native engine runs in full".to_owned(),
                };
                return Ok((GraphKind::Native(Box::new(native)), reason));
            }
            Err(NotNative::Shape(error)) => return Err(error),
            Err(NotNative::Refused(refusal)) => refusal,
        };
        match refusal {
            Refusal::Malformed(detail) => Err(EngineError::Load {
                file: contract.file.to_owned(),
                engine: "native",
                detail,
            }),
            Refusal::Unsupported(what) if wanted == EngineKind::Native => {
                Err(EngineError::Unsupported {
                    file: contract.file.to_owned(),
                    what,
                    key,
                })
            }
            Refusal::Unsupported(what) => {
                let reason = format!("the native engine does not run {what}");
                self.on_runtime(graph, contract, reason)
            }
        }
    }

    /// What somebody set that only ONNX Runtime can do.
    fn asks_for_runtime(&self) -> Option<String> {
        let provider = self.options.providers.iter().find(|p| **p != Provider::Cpu);
        if let Some(provider) = provider {
            return Some(format!("engine.provider asks for {}", provider.as_str()));
        }
        let profile = self.options.profile.as_ref();
        profile.map(|_| "engine.profile asks for ONNX Runtime's profiles".to_owned())
    }

    fn on_runtime(
        &self,
        graph: Bytes,
        contract: &GraphContract<'_>,
        reason: String,
    ) -> Result<(GraphKind, String), EngineError> {
        let malformed = |refusal: Refusal| EngineError::Load {
            file: contract.file.to_owned(),
            engine: "onnxruntime",
            detail: refusal.to_string(),
        };
        // Some of what is wrong with a graph it would find out too late, or never come back from.
        check_sound(graph.clone(), contract.input, contract.input_width).map_err(malformed)?;
        let mut loaded = self.loaded();
        let runtime = match loaded.as_ref() {
            Some(runtime) => runtime.clone(),
            None => {
                tracing::info!(file = contract.file, reason, "ONNX Runtime is loaded");
                loaded.insert(Runtime::load(self.options.clone())?).clone()
            }
        };
        let graph = runtime.graph(graph, contract)?;
        Ok((GraphKind::OnnxRuntime(Box::new(graph)), reason))
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, Option<Runtime>> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
