//! `logtriage bundle pack`: a bundle in one piece, for a URL or for a ConfigMap.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::signing::replace;
use crate::bundle::{Origin, Packed, pack_archive, pack_config_map};
use crate::config::{is_config_map_name, is_namespace_name};

/// Pack a bundle as an archive (models.url), or as a ConfigMap (models.configmap, or a volume). Equal
/// bundles give equal bytes. The files are held to the manifest first; `bundle verify` proves the rest.
#[derive(Debug, Args)]
pub(super) struct PackArgs {
    /// Write a ConfigMap of this name. It is too large for the annotation that a plain `kubectl apply`
    /// makes: use `kubectl apply --server-side`
    #[arg(long, value_name = "NAME", value_parser = config_map_name)]
    configmap: Option<String>,
    /// Namespace of the ConfigMap
    #[arg(long, value_name = "NAME", requires = "configmap", value_parser = namespace_name)]
    namespace: Option<String>,
    /// Where it goes: a .tar.zst file; for a ConfigMap a .yaml or .json file, or standard output as
    /// YAML where nothing is said
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "configmap"
    )]
    output: Option<PathBuf>,
    /// The bundle's directory or .tar.zst archive, or the word default for the built-in bundle
    bundle: PathBuf,
}

fn config_map_name(text: &str) -> Result<String, &'static str> {
    let good = is_config_map_name(text).then(|| text.to_owned());
    good.ok_or("expected up to 253 of a-z, 0-9, - and dots")
}

fn namespace_name(text: &str) -> Result<String, &'static str> {
    let good = is_namespace_name(text).then(|| text.to_owned());
    good.ok_or("expected up to 63 of a-z, 0-9 and -")
}

impl PackArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let origin = super::origin(&self.bundle)?;
        let output = self.output.as_deref();
        if let Some(name) = &self.configmap {
            self.config_map(&origin, name, output)?;
        } else if let Some(output) = output {
            let packed = pack_archive(&origin)?;
            replace(output, &packed.form)?;
            tell(output, &packed)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn config_map(&self, origin: &Origin, name: &str, output: Option<&Path>) -> anyhow::Result<()> {
        let packed = pack_config_map(origin, name, self.namespace.as_deref())?;
        let Some(output) = output else {
            io::stdout()
                .lock()
                .write_all(yaml(&packed.form)?.as_bytes())?;
            return Ok(());
        };
        let json = output.extension().is_some_and(|e| e == "json");
        let text = if json {
            serde_json::to_string_pretty(&packed.form)? + "\n"
        } else {
            yaml(&packed.form)?
        };
        replace(output, text.as_bytes())?;
        tell(output, &packed)
    }
}

fn yaml(form: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_yaml::to_string(form)?)
}

fn tell<T>(output: &Path, packed: &Packed<T>) -> anyhow::Result<()> {
    let (path, size, digest) = (output.display(), packed.size, &packed.digest);
    writeln!(io::stdout().lock(), "{path}: {size} bytes, {digest}")?;
    Ok(())
}
