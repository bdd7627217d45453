//! Where the ONNX Runtime library is found.

use std::path::{Path, PathBuf};

use super::EngineError;

#[cfg(target_os = "macos")]
const NAME: &str = "libonnxruntime.dylib";
#[cfg(not(target_os = "macos"))]
const NAME: &str = "libonnxruntime.so";

/// The library: the configured path, `ORT_DYLIB_PATH`, beside the executable, then `.tools/` of the
/// working directory or of the source tree that the executable was built in. A path that somebody
/// named is not passed over in silence when nothing is there.
pub(super) fn find(configured: Option<&Path>) -> Result<PathBuf, EngineError> {
    let by_environment = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    if let Some(named) = configured.map(Path::to_path_buf).or(by_environment) {
        return existing(&[named]);
    }
    let executable = std::env::current_exe().unwrap_or_default();
    let working_directory = std::env::current_dir().unwrap_or_default();
    let mut candidates: Vec<PathBuf> = Vec::new();
    if let Some(directory) = executable.parent() {
        candidates.push(directory.join(NAME));
        candidates.push(directory.join("../lib").join(NAME));
    }
    let roots = std::iter::once(working_directory.as_path()).chain(executable.ancestors().skip(1));
    candidates.extend(roots.map(|root| root.join(".tools/onnxruntime/lib").join(NAME)));
    existing(&candidates)
}

fn existing(candidates: &[PathBuf]) -> Result<PathBuf, EngineError> {
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(EngineError::LibraryMissing {
            looked_at: candidates.iter().map(|p| p.display().to_string()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_named_path_with_nothing_there_is_an_error_that_says_what_to_do() {
        let error = find(Some("/nowhere/libonnxruntime.so".as_ref())).expect_err("nothing there");
        let text = error.to_string();
        assert!(
            text.contains("/nowhere/libonnxruntime.so") && text.contains("make onnxruntime"),
            "{text}"
        );
    }
}
