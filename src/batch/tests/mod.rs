//! The rules of the queue in a time of their own, and the whole over scripted models.

mod dispatcher;
mod rules;
