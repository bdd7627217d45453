//! `logtriage config migrate`: the configuration and the rules of the Python service that came before.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_yaml::{Mapping, Value};

use super::signing::replace;
use crate::config::Config;
use crate::migrate::{
    Left, MigrateError, MigratedRules, MigratedSettings, Taken, migrate_rules, migrate_settings,
};

/// Turn the predecessor's config.yaml and rules.yaml into a configuration and a rule pack, and say what
/// became of each key. Exits with 0 where the result holds, whatever had no counterpart.
#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// Directory for logtriage.yaml and rules/predecessor.yaml; files that are there are not replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The older rules.yaml; without it, the file that FILE names, where it is found
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The older config.yaml
    file: PathBuf,
}

impl MigrateArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = read(&self.file, migrate_settings)?;
        let rules_file = self.rules_file(&settings);
        let rules = rules_file.as_deref();
        let rules = rules.map(|file| read(file, migrate_rules)).transpose()?;

        let (config, pack) = (
            self.out.join("logtriage.yaml"),
            self.out.join("rules/predecessor.yaml"),
        );
        let packed = rules.as_ref().filter(|rules| !rules.pack.is_empty());
        let kept = [Some(&config), packed.map(|_| &pack)];
        if let Some(path) = kept.into_iter().flatten().find(|path| path.exists()) {
            bail!(
                "expected no file at {}, found one; move it away, or choose another --out",
                path.display()
            );
        }
        let packs = pack.parent().filter(|_| packed.is_some());
        fs::create_dir_all(packs.unwrap_or(&self.out))
            .with_context(|| self.out.display().to_string())?;
        if let Some(rules) = packed {
            replace(&pack, rules.pack.as_bytes())?;
        }
        let yaml = self.yaml(&settings, packs)?;
        replace(&config, yaml.as_bytes())?;
        self.report(&settings, rules.as_ref(), rules_file.as_deref())?;
        // What the file says by itself: this machine's environment is not that of the service.
        Config::load(Some(&config), std::iter::empty())?;
        writeln!(io::stdout().lock(), "wrote {}", config.display())?;
        if packed.is_some() {
            writeln!(io::stdout().lock(), "wrote {}", pack.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The rules file that was named, or the one that the configuration names: from here, or from where
    /// the configuration stands.
    fn rules_file(&self, settings: &MigratedSettings) -> Option<PathBuf> {
        if self.rules.is_some() {
            return self.rules.clone();
        }
        let named = settings.rules_path.as_deref()?;
        let default = named.strip_suffix('}').and_then(|n| n.split_once(":-"));
        let named = Path::new(default.map_or(named, |(_, path)| path));
        let beside = self.file.parent().unwrap_or(Path::new(""));
        let beside = beside.join(named.file_name()?);
        [named.to_owned(), beside].into_iter().find(|p| p.is_file())
    }

    fn yaml(&self, settings: &MigratedSettings, packs: Option<&Path>) -> anyhow::Result<String> {
        let mut values: BTreeMap<&str, String> = settings.values.clone();
        if let Some(packs) = packs {
            values.insert("rules.packs", packs.display().to_string());
        }
        let mut top = Mapping::new();
        for (key, text) in values {
            put(&mut top, key, &text)?;
        }
        let body = if top.is_empty() {
            "{}\n".to_owned()
        } else {
            serde_yaml::to_string(&top)?
        };
        Ok(format!(
            "# Made of {} by `logtriage config migrate`. What is not here has its default.\n{body}",
            self.file.display()
        ))
    }

    fn report(
        &self,
        settings: &MigratedSettings,
        rules: Option<&MigratedRules>,
        rules_file: Option<&Path>,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        tell(&mut out, &self.file, &settings.taken, &settings.left)?;
        match (rules, rules_file, &settings.rules_path) {
            (Some(rules), Some(file), _) => tell(&mut out, file, &rules.taken, &rules.left)?,
            (_, _, Some(path)) => writeln!(
                out,
                "rules: expected a file at {path}, found none; name it with --rules"
            )?,
            _ => writeln!(out, "rules: none named; --rules FILE takes them too")?,
        }
        out.flush()
    }
}

fn tell(out: &mut impl Write, file: &Path, taken: &[Taken], left: &[Left]) -> io::Result<()> {
    writeln!(out, "{}: taken", file.display())?;
    for Taken { from, to, remark } in taken {
        let remark = remark.map(|remark| format!(" ({remark})"));
        writeln!(out, "  {from} -> {to}{}", remark.unwrap_or_default())?;
    }
    writeln!(out, "{}: no counterpart", file.display())?;
    for Left { from, reason } in left {
        writeln!(out, "  {from}: {reason}")?;
    }
    Ok(())
}

fn read<T>(file: &Path, turn: impl Fn(&str) -> Result<T, MigrateError>) -> anyhow::Result<T> {
    let name = || file.display().to_string();
    let text = fs::read_to_string(file).with_context(name)?;
    turn(&text).with_context(name)
}

/// Puts a value where its path says: a number as a number, a list as a list.
fn put(top: &mut Mapping, key: &str, text: &str) -> serde_yaml::Result<()> {
    let mut section = top;
    let mut names = key.split('.').peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            // Text that YAML reads as something else, `${VAR:-1}` among it, stays text.
            let value = match serde_yaml::from_str(text) {
                Ok(Value::Mapping(_)) | Err(_) => Value::String(text.to_owned()),
                Ok(value) => value,
            };
            section.insert(name.into(), value);
            return Ok(());
        }
        let below = section
            .entry(name.into())
            .or_insert(Value::Mapping(Mapping::new()));
        match below {
            Value::Mapping(below) => section = below,
            _ => return Ok(()),
        }
    }
    Ok(())
}
