//! What a process used, from Linux' `/proc`: nothing elsewhere.

use std::fs;
use std::time::Duration;

use serde::Serialize;

/// `USER_HZ`: the unit of times in `/proc/PID/stat`, 100 on every Linux that Rust knows of here.
const TICKS_PER_SECOND: u64 = 100;

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// Resident at most, since it began.
    pub peak: u64,
}

/// User and system time of all threads of a process, those that ended included.
pub fn cpu(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold blanks; the fields after it do not.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis(
        (user + system) * 1_000 / TICKS_PER_SECOND,
    ))
}

/// Resident memory of a process.
pub fn memory(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    Some(Memory {
        resident: kib("VmRSS:")? * 1024,
        peak: kib("VmHWM:")? * 1024,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_time_and_memory() {
        let pid = std::process::id();
        let memory = memory(pid).expect("memory");
        assert!(memory.resident > 1 << 20 && memory.peak >= memory.resident);
        let before = cpu(pid).expect("times");
        let start = std::time::Instant::now();
        let mut x = 1_u64;
        // Time is told in hundredths of a second, and a busy machine may give us little of it.
        while cpu(pid).expect("times") == before && start.elapsed() < Duration::from_secs(20) {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(cpu(pid).expect("times") > before);
        assert!(super::memory(u32::MAX).is_none() && cpu(u32::MAX).is_none());
    }
}
