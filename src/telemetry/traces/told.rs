//! Spans of what has ended already, told with the times that it took.

use std::time::SystemTime;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer,
};
use opentelemetry::{Context, KeyValue, Value};

use super::TRACER;

/// A span that is told afterwards.
pub(super) struct Told {
    name: &'static str,
    from: SystemTime,
    to: SystemTime,
    attributes: Vec<KeyValue>,
    links: Vec<SpanContext>,
    failed: bool,
}

impl Told {
    pub(super) fn new(name: &'static str, from: SystemTime, to: SystemTime) -> Told {
        Told {
            name,
            from,
            to,
            attributes: Vec::new(),
            links: Vec::new(),
            failed: false,
        }
    }

    pub(super) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Told {
        self.attributes.push(KeyValue::new(key, value));
        self
    }

    pub(super) fn linked(mut self, links: Vec<SpanContext>) -> Told {
        self.links = links;
        self
    }

    pub(super) fn failed(mut self, failed: bool) -> Told {
        self.failed = failed;
        self
    }

    /// Tells it, below `parent`. Returns what is below it, or `None` where nothing is traced.
    pub(super) fn tell(self, parent: &Context) -> Option<Context> {
        let tracer = TRACER.get()?;
        let links = self.links.into_iter().map(Link::with_context);
        let builder = SpanBuilder::from_name(self.name)
            .with_kind(SpanKind::Internal)
            .with_start_time(self.from)
            .with_attributes(self.attributes)
            .with_links(links.collect());
        let span = tracer.build_with_context(builder, parent);
        let context = parent.with_span(span);
        if self.failed {
            context.span().set_status(Status::error(""));
        }
        context.span().end_with_timestamp(self.to);
        Some(context)
    }
}
