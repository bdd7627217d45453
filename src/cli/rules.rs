//! `logtriage rules check|test|coverage`: packs proven before they are shipped, and what they cover.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::rules::{
    BUILTIN_COMPLIANCE, ComplianceSet, Coverage, Document, Framework, Pack, Pattern, RuleSet,
    parse_frameworks, read_documents, test_claims, test_examples,
};
use crate::verdict::Category;

/// Where the project keeps its packs.
const RULES_DIR: &str = "configs/rules";
const COMPLIANCE_DIR: &str = "configs/compliance";

/// Check and test rule packs, and show what they cover.
#[derive(Debug, Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Parse and compile packs, and say what is in them.
    Check(PackArgs),
    /// Run every example of every rule.
    Test(PackArgs),
    /// Write which MITRE ATT&CK techniques the rules name, as Markdown (docs/mitre-coverage.md).
    Coverage(PackArgs),
}

/// Which packs.
#[derive(Debug, Args)]
struct PackArgs {
    /// Packs or directories of packs [default: configs/rules and configs/compliance]
    #[arg(value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
}

impl RulesArgs {
    /// Runs the command; findings are an exit code of 1, unreadable packs an error.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut out = String::new();
        let code = match self.command {
            RulesCommand::Check(args) => check(&Loaded::read(&args.paths)?, &mut out)?,
            RulesCommand::Test(args) => test(&Loaded::read(&args.paths)?, &mut out)?,
            RulesCommand::Coverage(args) => {
                let coverage = Coverage::of(&Loaded::read(&args.paths)?.packs)?;
                write!(out, "{coverage}")?;
                ExitCode::SUCCESS
            }
        };
        io::stdout().lock().write_all(out.as_bytes())?;
        Ok(code)
    }
}

/// The packs that a command works on.
struct Loaded {
    packs: Vec<Pack>,
    frameworks: Vec<Framework>,
}

impl Loaded {
    fn read(paths: &[PathBuf]) -> anyhow::Result<Loaded> {
        let mut loaded = Loaded {
            packs: Vec::new(),
            frameworks: Vec::new(),
        };
        if !paths.is_empty() {
            for path in paths {
                loaded.add(path)?;
            }
            return Ok(loaded);
        }
        let rules = Path::new(RULES_DIR);
        anyhow::ensure!(
            rules.is_dir(),
            "no {RULES_DIR} here: run this in the project's directory, or name packs or directories"
        );
        loaded.add(rules)?;
        if Path::new(COMPLIANCE_DIR).is_dir() {
            loaded.add(Path::new(COMPLIANCE_DIR))?;
        } else {
            for (name, yaml) in BUILTIN_COMPLIANCE {
                loaded.frameworks.extend(parse_frameworks(name, yaml)?);
            }
        }
        Ok(loaded)
    }

    fn add(&mut self, path: &Path) -> anyhow::Result<()> {
        for document in read_documents(path)? {
            match document {
                Document::Rules(pack) => self.packs.push(pack),
                Document::Compliance(framework) => self.frameworks.push(framework),
            }
        }
        Ok(())
    }

    fn rule_count(&self) -> usize {
        self.packs.iter().map(|pack| pack.rules.len()).sum()
    }

    fn claim_count(&self) -> usize {
        self.frameworks
            .iter()
            .map(|framework| framework.rules.len())
            .sum()
    }

    fn example_count(&self) -> usize {
        let of_rules = self
            .packs
            .iter()
            .flat_map(|pack| &pack.rules)
            .map(|rule| &rule.examples);
        let claims = self
            .frameworks
            .iter()
            .flat_map(|framework| &framework.rules);
        let of_claims = claims.map(|rule| &rule.examples);
        let examples = of_rules.chain(of_claims);
        examples
            .map(|examples| examples.matching.len() + examples.no_match.len())
            .sum()
    }
}

fn check(loaded: &Loaded, out: &mut String) -> anyhow::Result<ExitCode> {
    let set = RuleSet::compile(loaded.packs.clone(), &[])?;
    ComplianceSet::compile(loaded.frameworks.clone())?;
    write!(out, "{:<28}{:>7}", "pack", "rules")?;
    for category in Category::ALL {
        write!(out, "{:>12}", category.as_str())?;
    }
    writeln!(out, "{:>9}", "floors")?;
    for pack in &loaded.packs {
        write_counts(out, &pack.name, std::slice::from_ref(pack))?;
    }
    write_counts(out, "all", &loaded.packs)?;
    for framework in &loaded.frameworks {
        let (name, rules, days) = (
            &framework.name,
            framework.rules.len(),
            framework.retention_days,
        );
        writeln!(out, "framework {name}: {rules} rules, kept for {days} days")?;
    }
    let warnings = warnings(loaded, &set);
    for warning in &warnings {
        writeln!(out, "warning: {warning}")?;
    }
    writeln!(
        out,
        "{} rules and {} compliance rules compile, {} examples, {} warnings",
        loaded.rule_count(),
        loaded.claim_count(),
        loaded.example_count(),
        warnings.len(),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn write_counts(out: &mut String, name: &str, packs: &[Pack]) -> std::fmt::Result {
    let rules = || {
        packs
            .iter()
            .flat_map(|pack| &pack.rules)
            .map(|rule| &rule.rule)
    };
    write!(out, "{name:<28}{:>7}", rules().count())?;
    for category in Category::ALL {
        let count = rules().filter(|rule| rule.category == category).count();
        write!(out, "{count:>12}")?;
    }
    writeln!(out, "{:>9}", rules().filter(|rule| rule.floor).count())
}

/// What is allowed but seldom meant.
fn warnings(loaded: &Loaded, set: &RuleSet) -> Vec<String> {
    let mut warnings = Vec::new();
    let always: Vec<&str> = set.always_run().map(|rule| rule.id.as_str()).collect();
    for rule in loaded.packs.iter().flat_map(|pack| &pack.rules) {
        let mut warn = |what: &str| warnings.push(format!("{}: {what}", rule.place));
        if always.contains(&rule.rule.id.as_str()) {
            warn("no literal that every match must hold, so it costs time on every record");
        }
        if rule.examples.matching.is_empty() {
            warn("no example that must match");
        }
        if rule.examples.no_match.is_empty() {
            warn("no example that must not match");
        }
        let loose = |pattern: &&Pattern| matches!(pattern, Pattern::Message(regex) if !regex.as_str().starts_with('^'));
        // A noise rule that is vetoed too often errs on the safe side.
        if rule.rule.category.more_severe_than(Category::Routine)
            && let Some(Pattern::Message(regex)) = rule.when.not.iter().find(loose)
        {
            warn(&format!(
                "`{regex}` under `not` may stand anywhere in the message: whoever writes part of it can switch the rule off"
            ));
        }
    }
    warnings
}

fn test(loaded: &Loaded, out: &mut String) -> anyhow::Result<ExitCode> {
    let mut failures = test_examples(&loaded.packs)?;
    failures.extend(test_claims(&loaded.frameworks)?);
    for failure in &failures {
        writeln!(out, "{failure}")?;
    }
    writeln!(
        out,
        "{} examples of {} rules: {} failed",
        loaded.example_count(),
        loaded.rule_count() + loaded.claim_count(),
        failures.len(),
    )?;
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
