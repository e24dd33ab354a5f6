//! What is wrong in a handout file, and where; drawn below the line it is about.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// A problem in a handout's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub words: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn new(span: Range<usize>, words: impl Into<String>) -> Problem {
        Problem {
            span,
            words: words.into(),
            hint: None,
        }
    }

    /// The same with advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// Draws it.
    pub fn draw(&self, file: &str, text: &str) -> String {
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(self.span.start);
        let end = boundary(self.span.end.max(start));
        let group = Group::with_title(Level::ERROR.primary_title(self.words.as_str())).element(
            Snippet::source(text)
                .path(file)
                .annotation(AnnotationKind::Primary.span(start..end)),
        );
        let mut groups = vec![group];
        if let Some(hint) = &self.hint {
            groups.push(Group::with_title(
                Level::HELP.secondary_title(hint.as_str()),
            ));
        }
        Renderer::plain().render(&groups)
    }
}
