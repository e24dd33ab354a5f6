//! No text makes the filter parser panic, and every error marks a place inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::query::{Catalogue, Filter};

fuzz_target!(|text: &str| {
    if let Err(error) = Filter::parse(text, Catalogue::frames()) {
        assert!(text.get(error.span.clone()).is_some(), "{:?}", error.span);
        assert!(error.explain(text).contains('^'));
    }
});
