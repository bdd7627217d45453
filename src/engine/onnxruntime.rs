//! ONNX Runtime through `ort`: one session a worker, no arena, threads set by hand.
//!
//! The CPU arena keeps its peak for ever and default threads follow the host's cores rather than the
//! container's limit, so neither is left to ONNX Runtime.

use std::sync::Mutex;

use ndarray::ArrayView2;
use ort::environment::Environment;
use ort::ep::{
    CPU, CUDA, CoreML, ExecutionProvider, ExecutionProviderDispatch, OpenVINO, TensorRT,
};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{TensorElementType, TensorRef, ValueType};
use prost::bytes::Bytes;

use super::{EngineError, GraphContract, GraphInfo, Model, ModelInfo, Rows, library};
use crate::config::{EngineConfig, Optimization, Provider};

/// ONNX Runtime allows one environment a process, so the first one made serves all.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The loaded library with the options for its sessions.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
    options: EngineConfig,
    provider: Provider,
}

impl Runtime {
    /// Finds and loads the library; further calls reuse what the first one loaded.
    pub fn load(options: EngineConfig) -> Result<Runtime, EngineError> {
        let mut shared = ENVIRONMENT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let environment = match shared.as_ref() {
            Some(environment) => environment.clone(),
            None => {
                let environment = open(&options)?;
                shared.insert(environment).clone()
            }
        };
        let provider = first_available(&options.providers);
        Ok(Runtime {
            environment,
            options,
            provider,
        })
    }

    /// Loads a graph and checks that it is the one that the manifest describes.
    pub(super) fn graph(
        &self,
        graph: Bytes,
        contract: &GraphContract<'_>,
    ) -> Result<RuntimeGraph, EngineError> {
        let refuse = |detail: String| EngineError::Load {
            file: contract.file.to_owned(),
            engine: "onnxruntime",
            detail,
        };
        let session = self
            .session(&graph, contract.file)
            .map_err(|e| refuse(e.to_string()))?;
        check(&session, contract)?;
        Ok(RuntimeGraph {
            runtime: self.clone(),
            info: describe(&session).map_err(|e| refuse(e.to_string()))?,
            bytes: graph,
            file: contract.file.to_owned(),
            input: contract.input.to_owned(),
            output: contract.output.to_owned(),
            output_width: contract.output_width,
            spare: Mutex::new(Some(session)),
        })
    }

    fn session(&self, graph: &[u8], file: &str) -> ort::Result<Session> {
        let level = match self.options.optimization {
            Optimization::Disable => GraphOptimizationLevel::Disable,
            Optimization::Basic => GraphOptimizationLevel::Level1,
            Optimization::Extended => GraphOptimizationLevel::Level2,
            Optimization::All => GraphOptimizationLevel::All,
        };
        let mut builder = Session::builder(&self.environment)?
            .with_intra_threads(self.options.intra_threads.get())?
            .with_inter_threads(self.options.inter_threads.get())?
            .with_config_entry("session.intra_op.allow_spinning", "0")?
            .with_config_entry("session.inter_op.allow_spinning", "0")?
            .with_optimization_level(level)?
            .with_memory_pattern(false)?
            .with_execution_providers(dispatches(&self.options.providers))?;
        if let Some(prefix) = &self.options.profile {
            let mut name = prefix.clone().into_os_string();
            name.push(format!("-{}", file.trim_end_matches(".onnx")));
            builder = builder.with_profiling(std::path::PathBuf::from(name))?;
        }
        builder.commit_from_memory(graph)
    }
}

/// A graph that was checked, and the one session that this took.
pub(super) struct RuntimeGraph {
    runtime: Runtime,
    bytes: Bytes,
    file: String,
    input: String,
    output: String,
    output_width: usize,
    info: GraphInfo,
    /// The session of the check, for the first model.
    spare: Mutex<Option<Session>>,
}

impl RuntimeGraph {
    /// A model with a session of its own.
    pub(super) fn model(&self, reason: &str) -> Result<Box<dyn Model>, EngineError> {
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let session = match spare {
            Some(session) => session,
            None => {
                let session = self.runtime.session(&self.bytes, &self.file);
                session.map_err(|e| EngineError::Load {
                    file: self.file.clone(),
                    engine: "onnxruntime",
                    detail: e.to_string(),
                })?
            }
        };
        Ok(Box::new(OrtModel {
            session,
            file: self.file.clone(),
            input: self.input.clone(),
            output: self.output.clone(),
            output_width: self.output_width,
            dense: Vec::new(),
            info: ModelInfo {
                engine: "onnxruntime",
                engine_reason: reason.to_owned(),
                provider: self.runtime.provider.as_str(),
                graph: self.info.clone(),
            },
        }))
    }
}

fn open(options: &EngineConfig) -> Result<Environment, EngineError> {
    let path = library::find(options.library.as_deref())?;
    let broken = |detail: String| EngineError::LibraryBroken {
        path: path.display().to_string(),
        detail,
    };
    let builder = ort::init_from(&path).map_err(|e| broken(e.to_string()))?;
    builder
        .with_name("logtriage")
        .with_telemetry(false)
        .build()
        .map_err(|e| broken(e.to_string()))
}

fn available(provider: Provider) -> bool {
    let answer = match provider {
        Provider::Cpu => return true,
        Provider::Cuda => CUDA::is_available(),
        Provider::TensorRt => TensorRT::is_available(),
        Provider::OpenVino => OpenVINO::is_available(),
        Provider::CoreMl => CoreML::is_available(),
    };
    answer.unwrap_or(false)
}

/// The first provider of the list that the loaded library has; those it lacks are said once.
fn first_available(providers: &[Provider]) -> Provider {
    for provider in providers {
        if available(*provider) {
            return *provider;
        }
        tracing::warn!(
            provider = provider.as_str(),
            "the loaded ONNX Runtime lacks this execution provider; the next one of engine.provider is taken"
        );
    }
    Provider::Cpu
}

fn dispatches(providers: &[Provider]) -> Vec<ExecutionProviderDispatch> {
    let wanted = providers
        .iter()
        .filter(|p| **p != Provider::Cpu && available(**p));
    let mut list: Vec<ExecutionProviderDispatch> = wanted
        .map(|provider| match provider {
            Provider::Cuda => CUDA::default().build(),
            Provider::TensorRt => TensorRT::default().build(),
            Provider::OpenVino => OpenVINO::default().build(),
            Provider::CoreMl => CoreML::default().build(),
            Provider::Cpu => CPU::default().build(),
        })
        .collect();
    list.push(CPU::default().with_arena_allocator(false).build());
    list
}

/// Input and output must be there, float32, and of the declared widths.
fn check(session: &Session, contract: &GraphContract<'_>) -> Result<(), EngineError> {
    let sides = [("input", session.inputs()), ("output", session.outputs())];
    for (side, outlets) in sides {
        let (name, width) = contract.side(side);
        let Some(outlet) = outlets.iter().find(|o| o.name() == name) else {
            let names: Vec<&str> = outlets.iter().map(|o| o.name()).collect();
            return Err(contract.shape(side, format!("{side}s {names:?}")));
        };
        let fits = match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => {
                *ty == TensorElementType::Float32 && shape.len() == 2 && shape[1] == width as i64
            }
            _ => false,
        };
        if !fits {
            return Err(contract.shape(side, outlet.dtype().to_string()));
        }
    }
    if session.inputs().len() != 1 {
        let found = format!("{} inputs", session.inputs().len());
        return Err(contract.shape("input", found));
    }
    Ok(())
}

fn describe(session: &Session) -> ort::Result<GraphInfo> {
    let outlets = |list: &[ort::value::Outlet]| -> Vec<String> {
        list.iter()
            .map(|o| format!("{}: {}", o.name(), o.dtype()))
            .collect()
    };
    let metadata = session.metadata()?;
    let keys = metadata.custom_keys()?;
    let custom = keys.into_iter().filter_map(|key| {
        let value = metadata.custom(&key)?;
        Some((key, value))
    });
    Ok(GraphInfo {
        producer: metadata.producer(),
        name: metadata.name(),
        description: metadata.description().filter(|d| !d.is_empty()),
        domain: metadata.domain().filter(|d| !d.is_empty()),
        version: metadata.version(),
        custom: custom.collect(),
        inputs: outlets(session.inputs()),
        outputs: outlets(session.outputs()),
    })
}

struct OrtModel {
    session: Session,
    file: String,
    input: String,
    output: String,
    output_width: usize,
    /// Sparse rows, written out: ONNX Runtime's operators take nothing else.
    dense: Vec<f32>,
    info: ModelInfo,
}

impl OrtModel {
    fn run_session(
        &mut self,
        rows: &ArrayView2<'_, f32>,
        out: &mut Vec<f32>,
    ) -> Result<(), String> {
        let batch = rows.nrows();
        let input = TensorRef::from_array_view(*rows).map_err(|e| e.to_string())?;
        let outputs = self
            .session
            .run(ort::inputs![self.input.as_str() => input])
            .map_err(|e| e.to_string())?;
        let (_, scores) = outputs[self.output.as_str()]
            .try_extract_tensor::<f32>()
            .map_err(|e| e.to_string())?;
        if scores.len() != batch * self.output_width {
            return Err(format!(
                "expected {} scores, found {}",
                batch * self.output_width,
                scores.len()
            ));
        }
        if let Some(bad) = scores.iter().find(|s| !s.is_finite()) {
            return Err(format!("expected finite scores, found {bad}"));
        }
        out.clear();
        out.extend_from_slice(scores);
        Ok(())
    }
}

impl Model for OrtModel {
    fn run(&mut self, rows: Rows<'_>, out: &mut Vec<f32>) -> Result<(), EngineError> {
        let batch = rows.count();
        let failed = |file: &str, detail: String| EngineError::Run {
            file: file.to_owned(),
            batch,
            detail,
        };
        match rows {
            Rows::Dense(matrix) => self
                .run_session(&matrix, out)
                .map_err(|detail| failed(&self.file, detail)),
            Rows::Sparse(sparse) => {
                let mut dense = std::mem::take(&mut self.dense);
                sparse.write_dense(&mut dense);
                let ran = ArrayView2::from_shape((batch, sparse.width()), &dense)
                    .map_err(|e| e.to_string())
                    .and_then(|matrix| self.run_session(&matrix, out));
                self.dense = dense;
                ran.map_err(|detail| failed(&self.file, detail))
            }
        }
    }

    fn info(&self) -> &ModelInfo {
        &self.info
    }
}
