//! Every route of both ports.

use std::sync::Arc;

use axum::Router;
use axum::extract::MatchedPath;
use axum::routing::{get, post, put};

use super::{
    Operations, Service, admin, classify, feedback, layers, openapi, operations, predecessor,
    probes,
};

/// A route, as metrics and logs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Classify,
    Health,
    OlderClassify,
    OlderBatch,
    Feedback,
    OpenApi,
    Livez,
    Readyz,
    Startupz,
    Metrics,
    Version,
    Models,
    Rollback,
    Reload,
    LogLevel,
    /// A path that is none of ours.
    Other,
}

impl Route {
    pub(super) const ALL: [(Route, &'static str, &'static str); 15] = [
        (Route::Classify, "/v1/classify", "classify"),
        (Route::Health, "/v1/health", "health"),
        (Route::OlderClassify, "/classify", "older_classify"),
        (Route::OlderBatch, "/classify/batch", "older_batch"),
        (Route::Feedback, "/v1/feedback", "feedback"),
        (Route::OpenApi, "/openapi.json", "openapi"),
        (Route::Livez, "/livez", "livez"),
        (Route::Readyz, "/readyz", "readyz"),
        (Route::Startupz, "/startupz", "startupz"),
        (Route::Metrics, "/metrics", "metrics"),
        (Route::Version, "/version", "version"),
        (Route::Models, "/v1/models", "models"),
        (Route::Rollback, "/v1/models/rollback", "rollback"),
        (Route::Reload, "/v1/models/reload", "reload"),
        (Route::LogLevel, "/v1/log-level", "log_level"),
    ];

    /// The route that a request took.
    pub(super) fn of(matched: Option<&MatchedPath>) -> Route {
        let row = Route::ALL
            .iter()
            .find(|(_, path, _)| matched.is_some_and(|matched| matched.as_str() == *path));
        row.map_or(Route::Other, |(route, _, _)| *route)
    }

    /// The value of the metric label.
    pub(super) fn label(self) -> &'static str {
        let row = Route::ALL.iter().find(|(route, _, _)| *route == self);
        row.map_or("other", |(_, _, label)| label)
    }

    /// Whether its requests have spans: probes and scrapes come by the clock, and would bury the others.
    pub(super) fn is_traced(self) -> bool {
        use Route as R;
        matches!(
            self,
            R::Classify
                | R::OlderClassify
                | R::OlderBatch
                | R::Feedback
                | R::Rollback
                | R::Reload
                | R::LogLevel
        )
    }

    /// The path; `/` for what is none of ours.
    pub(super) fn path(self) -> &'static str {
        let row = Route::ALL.iter().find(|(route, _, _)| *route == self);
        row.map_or("/", |(_, path, _)| path)
    }
}

/// The data port.
pub fn data_router(service: Arc<Service>) -> Router {
    // Health stands before the gate of the drain: it tells of the end itself, and a check that is
    // answered is no request refused.
    let health = Router::new()
        .route(Route::Health.path(), get(openapi::health))
        .with_state(Arc::clone(&service));
    let routes = Router::new()
        .route(Route::Classify.path(), post(classify::classify))
        .route(Route::OlderClassify.path(), post(predecessor::classify_one))
        .route(Route::OlderBatch.path(), post(predecessor::classify_batch))
        .route(Route::Feedback.path(), post(feedback::feedback))
        .route(Route::OpenApi.path(), get(openapi::document))
        .with_state(Arc::clone(&service));
    layers::data(routes, health, service)
}

/// The operations port.
pub fn operations_router(operations: Arc<Operations>) -> Router {
    let metrics = Arc::clone(&operations.metrics);
    let routes = Router::new()
        .route(Route::Livez.path(), get(probes::livez))
        .route(Route::Readyz.path(), get(probes::readyz))
        .route(Route::Startupz.path(), get(probes::startupz))
        .route(Route::Metrics.path(), get(operations::metrics))
        .route(Route::Version.path(), get(operations::version))
        .route(Route::Models.path(), get(operations::models))
        .route(Route::Rollback.path(), post(admin::rollback))
        .route(Route::Reload.path(), post(admin::reload))
        .route(Route::LogLevel.path(), put(admin::log_level))
        .with_state(operations);
    layers::common(routes, metrics)
}
