//! What is told of a capture, held against what really happened.

pub(crate) mod connection;
pub(crate) mod exchange;

/// What is told that is not so.
pub(crate) struct Wrong(Vec<String>);

impl Wrong {
    fn when(&mut self, wrong: bool, what: &str) {
        if wrong {
            self.0.push(what.to_owned());
        }
    }
}
