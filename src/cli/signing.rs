//! `logtriage bundle keygen` and `bundle sign`: keys and signatures in minisign's own format, so that
//! either program does what the other began.

use std::fs::{self, OpenOptions};
use std::io::{self, Cursor, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use ct_codecs::{Base64, Decoder};
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

use crate::bundle::Origin;

/// Holds the password of a secret key where nobody is there to be asked.
const PASSWORD_VARIABLE: &str = "LOGTRIAGE_SIGNING_PASSWORD";

/// Make a key pair for signing, in minisign's format.
#[derive(Debug, Args)]
pub(super) struct KeygenArgs {
    /// Where the public key goes; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    public: PathBuf,
    /// Where the secret key goes; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    secret: PathBuf,
    /// Do not protect the secret key by a password
    #[arg(long)]
    no_password: bool,
}

/// Sign a bundle's manifest, and by it every file of the bundle. The password of the key is asked for,
/// or taken from the environment variable LOGTRIAGE_SIGNING_PASSWORD.
#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// The secret key, as minisign or `bundle keygen` wrote it
    #[arg(short, long, value_name = "FILE")]
    secret: PathBuf,
    /// A comment that is signed as well; the time and the file's name unless said otherwise
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// The bundle's directory, which gets a manifest.json.minisig; or a file such as a rule pack, which
    /// gets a FILE.minisig beside it
    bundle: PathBuf,
}

impl KeygenArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        for path in [&self.public, &self.secret] {
            if path.exists() {
                bail!(
                    "{}: expected no file there yet; an old key is not written over",
                    path.display()
                );
            }
        }
        let (pair, what) = if self.no_password {
            (KeyPair::generate_unencrypted_keypair()?, "unencrypted")
        } else {
            let password = password(true)?;
            let pair = KeyPair::generate_encrypted_keypair(Some(password))?;
            (pair, "encrypted")
        };
        let comment = format!("minisign {what} secret key");
        create(
            &self.secret,
            0o600,
            &pair.sk.to_box(Some(&comment))?.to_bytes(),
        )?;
        let public = pair.pk.to_box()?.to_string();
        create(&self.public, 0o644, public.as_bytes())?;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "secret key: {} (keep it away from the service)",
            self.secret.display()
        )?;
        writeln!(out, "public key: {}", self.public.display())?;
        writeln!(out, "\nmodels:\n  trusted_keys: [{}]", pair.pk.to_base64())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl SignArgs {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (file, bytes) = if self.bundle.is_dir() {
            // A signature says that all of it is good, so all of it is looked at.
            let manifest = Origin::Directory(self.bundle.clone()).checked_manifest()?;
            (self.bundle.join("manifest.json"), manifest.to_vec())
        } else {
            let bytes = fs::read(&self.bundle);
            let bytes = bytes.with_context(|| self.bundle.display().to_string())?;
            (self.bundle, bytes)
        };
        let secret = secret_key(&self.secret)?;
        let public = PublicKey::from_secret_key(&secret)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let comment = self.comment.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let seconds = now.unwrap_or_default().as_secs();
            format!("timestamp:{seconds}\tfile:{name}\thashed")
        });
        if comment.contains(['\n', '\r']) {
            bail!("--comment: expected one line, found several");
        }
        let signature = minisign::sign(
            Some(&public),
            &secret,
            Cursor::new(bytes),
            Some(&comment),
            Some("signature from minisign secret key"),
        )?;
        let path = PathBuf::from(format!("{}.minisig", file.display()));
        replace(&path, &signature.to_bytes())?;
        let mut out = io::stdout().lock();
        let public = public.to_box()?.to_string();
        let id = public.lines().next().unwrap_or_default();
        let id = id.rsplit(' ').next().unwrap_or_default();
        writeln!(out, "{}: signed by the key {id}", path.display())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Bytes of a secret key in a minisign file; the checksum is the last 32 of them.
const SECRET_BYTES: usize = 158;

/// Reads a secret key, and asks for its password where it has one.
fn secret_key(path: &Path) -> anyhow::Result<SecretKey> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| name.to_string())?;
    let line = text.lines().nth(1).unwrap_or_default();
    let bytes = Base64::decode_to_vec(line.trim(), None).unwrap_or_default();
    if bytes.len() != SECRET_BYTES {
        bail!("{name}: expected a minisign secret key, a comment and the key below it");
    }
    let key = SecretKeyBox::from_string(&text)?;
    let encrypted = bytes[2..4] != [0, 0];
    let secret = if encrypted {
        key.into_secret_key(Some(password(false)?))
    } else if bytes[SECRET_BYTES - 32..] == [0; 32] {
        // minisign itself gives a key without a password no checksum (`-W`), and the crate wants one.
        SecretKey::from_bytes(&bytes)
    } else {
        key.into_unencrypted_secret_key()
    };
    secret.with_context(|| format!("{name}: expected a good secret key"))
}

/// The password of a key, from the environment or from whoever sits at the terminal.
fn password(twice: bool) -> anyhow::Result<String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .with_context(|| format!("cannot ask for a password; set {PASSWORD_VARIABLE}"))
    };
    let password = ask("password of the secret key: ")?;
    if twice && ask("once more: ")? != password {
        bail!("expected the same password twice, found another");
    }
    Ok(password)
}

fn create(path: &Path, mode: u32, bytes: &[u8]) -> anyhow::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    file.and_then(|mut file| file.write_all(bytes))
        .with_context(|| path.display().to_string())
}

/// Replaces a file in one step: whoever watches the directory never sees a half of it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| path.display().to_string())
}
