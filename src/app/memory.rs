//! Whether the memory that the control group allows is enough for what was loaded and configured.

use std::fs;

use anyhow::bail;

use crate::config::{Cgroup, Config};

/// What a process takes beyond what it holds after loading and the bodies in flight: stacks of
/// threads, sessions' buffers, connections, and what the allocator keeps.
const MARGIN: u64 = 8 << 20;

/// What has to fit, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    /// Resident once the bundle is loaded.
    resident: u64,
    /// `server.inflight_bytes`.
    inflight: u64,
}

impl Need {
    fn all(self) -> u64 {
        self.resident + self.inflight + MARGIN
    }

    /// # Errors
    /// Where it is more than `limit`: what is needed, what for, and what to change.
    fn within(self, limit: u64) -> anyhow::Result<()> {
        if self.all() <= limit {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        bail!(
            "expected a memory limit of {} MiB or more, found {} MiB: the bundle and the program hold {} MiB, \
             bodies in flight may hold {} MiB (server.inflight_bytes), and {} MiB are kept for threads and \
             connections; raise the limit of the container, or lower server.inflight_bytes",
            mib(self.all()),
            limit >> 20,
            mib(self.resident),
            mib(self.inflight),
            MARGIN >> 20,
        )
    }
}

/// Looks at what is resident now, after the start has loaded the bundle.
///
/// # Errors
/// Where the limit is below what is needed: the kernel would end the process under its first load.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    let (Some(limit), Some(resident)) = (Cgroup::default().memory_limit(), resident()) else {
        return Ok(());
    };
    let inflight = u64::try_from(config.server.inflight_bytes).unwrap_or(u64::MAX);
    Need { resident, inflight }.within(limit)
}

/// Bytes that this process holds in memory and that the kernel cannot take back (the program's own pages,
/// which come from its file, it can), where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn what_fits_is_no_error_and_what_does_not_says_why() {
        let need = Need {
            resident: 24 * MIB,
            inflight: 16 * MIB,
        };
        assert!(need.within(48 * MIB).is_ok());
        let error = need.within(47 * MIB).expect_err("a mebibyte too little");
        let said = error.to_string();
        for part in [
            "limit of 48 MiB or more, found 47 MiB",
            "hold 24 MiB",
            "server.inflight_bytes",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn this_process_is_somewhere_in_memory() {
        let resident = resident().expect("Linux tells");
        assert!((MIB..1024 * MIB).contains(&resident), "{resident}");
    }
}
