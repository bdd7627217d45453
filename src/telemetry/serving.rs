//! What is only looked at when somebody scrapes: the queue, the models that serve, the
//! host's limits, drift.

use std::sync::PoisonError;
use std::time::Instant;

use prometheus::{Counter, IntCounter};

use super::exposition::Exposition;
use super::metrics::Metrics;
use super::traces;
use crate::batch::Load;
use crate::bundle::{ModelStatus, ModelsStatus};
use crate::config::Cgroup;

impl Metrics {
    /// All metrics, with what is true at this moment.
    ///
    /// # Errors
    /// Where a metric cannot be written as text.
    pub fn scrape(
        &self,
        load: &Load,
        models: &ModelsStatus,
        form: Exposition,
    ) -> prometheus::Result<String> {
        // Two at once would count twice what is only carried over, or miss the series that the other
        // one replaces.
        let scraping = self.scraping.lock();
        let _one = scraping.unwrap_or_else(PoisonError::into_inner);
        self.queued(load);
        self.serving(models);
        self.host(Cgroup::default());
        self.drift.show(self, Instant::now());
        carry(&self.trace_spans_dropped, traces::dropped());
        self.render_as(form)
    }

    fn queued(&self, load: &Load) {
        self.queue_records.set(whole(load.queued.records));
        self.queue_bytes.set(whole(load.queued.bytes));
        self.queue_oldest_age.set(load.oldest.as_secs_f64());
    }

    /// The series of the bundle before is removed.
    fn serving(&self, models: &ModelsStatus) {
        let serving = &models.serving;
        let model = &serving.identity;
        self.pinned.set(i64::from(serving.pinned));
        self.stand_in.set(i64::from(serving.stand_in));
        self.model_info.reset();
        self.model_info
            .with_label_values(&[&model.name, &model.version, &model.digest])
            .set(1);
        serving.models.iter().for_each(|model| self.model(model));
        let age = models.candidate.as_ref().map(|candidate| candidate.age);
        self.candidate_age
            .set(age.unwrap_or_default().as_secs_f64());
    }

    fn model(&self, model: &ModelStatus) {
        let member = model.member;
        self.member_degraded
            .with_label_values(&[member])
            .set(i64::from(model.left_out));
        self.model_size
            .with_label_values(&[member])
            .set(whole(model.size_bytes));
        // Looks are counted where they happen; here they are only shown.
        let Some(cache) = &model.cache else { return };
        for (result, total) in [("hit", cache.hits), ("miss", cache.misses)] {
            carry(&self.vote_cache.with_label_values(&[member, result]), total);
        }
        self.vote_cache_entries
            .with_label_values(&[member])
            .set(whole(cache.entries));
    }

    fn host(&self, group: Cgroup<'_>) {
        self.cpu_limit.set(group.cpu_limit().unwrap_or(0.0));
        // Exact: no memory is near 2^53 bytes.
        self.memory_limit
            .set(group.memory_limit().unwrap_or(0) as f64);
        let Some(throttled) = group.throttled() else {
            return;
        };
        let none: &[&str] = &[];
        let seconds: Counter = self.cpu_throttled.with_label_values(none);
        let more = throttled.time.as_secs_f64() - seconds.get();
        seconds.inc_by(more.max(0.0));
        carry(
            &self.cpu_throttled_periods.with_label_values(none),
            throttled.periods,
        );
    }
}

/// Raises a counter to what was counted elsewhere.
fn carry(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
