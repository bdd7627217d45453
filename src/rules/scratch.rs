//! Working memory of the matcher, kept by each worker so that a record allocates nothing.

/// Buffers for one worker; it may serve any number of rule sets in turn.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Grows by one for each record; what an older record left behind counts as unseen.
    epoch: u32,
    tests: Vec<(u32, State)>,
    rules: Vec<u32>,
    /// The number of the field value being read; it only grows, over all records.
    value_number: u64,
    /// By test: the number of the last value on which it was tried.
    tried: Vec<u64>,
    /// Rules to look at.
    pub(super) triggered: Vec<u32>,
    /// Rules that hold.
    pub(super) matched: Vec<u32>,
    /// The lower-case name of the field being read.
    pub(super) path: String,
    /// The lower-case value being read.
    pub(super) value: String,
    /// The text being searched, in lower case.
    pub(super) lower: Vec<u8>,
    /// A number written out.
    pub(super) number: String,
}

/// What is known about a test for the present record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing hints at it.
    #[default]
    Unseen,
    /// Literals of some of its sets were seen, a bit for each.
    Partly(u8),
    /// Literals of all of its sets were seen.
    Candidate,
    /// It holds.
    True,
    /// It does not.
    False,
}

impl Scratch {
    /// Forgets the last record.
    pub(super) fn begin(&mut self, tests: usize, rules: usize) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            // After four billion records old marks would look new.
            self.tests.fill((0, State::Unseen));
            self.rules.fill(0);
            self.epoch = 1;
        }
        if self.tests.len() < tests {
            self.tests.resize(tests, (0, State::Unseen));
            self.tried.resize(tests, 0);
        }
        if self.rules.len() < rules {
            self.rules.resize(rules, 0);
        }
        self.triggered.clear();
        self.matched.clear();
    }

    pub(super) fn state(&self, test: u32) -> State {
        match self.tests[test as usize] {
            (epoch, state) if epoch == self.epoch => state,
            _ => State::Unseen,
        }
    }

    pub(super) fn set(&mut self, test: u32, state: State) {
        self.tests[test as usize] = (self.epoch, state);
    }

    /// Begins another field value.
    pub(super) fn next_value(&mut self) {
        self.value_number += 1;
    }

    /// True the first time it is asked for a test and the present value.
    pub(super) fn first_try(&mut self, test: u32) -> bool {
        let tried = &mut self.tried[test as usize];
        let first = *tried != self.value_number;
        *tried = self.value_number;
        first
    }

    pub(super) fn trigger(&mut self, rule: u32) {
        let seen = &mut self.rules[rule as usize];
        if *seen != self.epoch {
            *seen = self.epoch;
            self.triggered.push(rule);
        }
    }
}
