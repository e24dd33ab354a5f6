//! What is wrong with a handout's captures and questions, beyond its filters.

use super::Datum;
use super::answer::constants;
use super::format::{self, Names, Over, Part, Take, Type};
use super::names;
use super::plan::maker::Maker;
use super::plan::{Table, nearest};
use super::problem::Problem;
use super::template;
use super::units;
use crate::dissect::field::Kind;
use crate::query::{Expression, Filter};
use std::ops::Range;

impl Maker<'_> {
    pub(super) fn captures(&mut self, file: &format::File) {
        for (at, capture) in file.capture.iter().enumerate() {
            let span = capture.holds.first().map_or(0..0, toml::Spanned::span);
            if file.capture[..at].iter().any(|c| c.id == capture.id) {
                self.problem(
                    span.clone(),
                    format!("two captures are called `{}`", capture.id),
                );
            }
            if capture.points < 0.0 {
                self.problem(
                    span,
                    format!("the capture `{}` has negative points", capture.id),
                );
            }
            for name in &capture.holds {
                self.reference(name.get_ref(), name.span());
            }
        }
    }

    pub(super) fn questions(&mut self, file: &format::File) {
        let mut known: Vec<String> = Vec::new();
        for (at, question) in file.question.iter().enumerate() {
            let first = question.part.first().map_or(0..0, |p| p.kind.span());
            if file.question[..at].iter().any(|q| q.id == question.id) {
                self.problem(first, format!("two questions are called `{}`", question.id));
            } else if question.part.is_empty() {
                let words = format!("question `{}` asks for nothing", question.id);
                let hint = "add [[question.part]] with an id and a type";
                self.problems.push(Problem::new(0..0, words).hint(hint));
            }
            for part in &question.part {
                let id = format!("{}.{}", question.id, part.id);
                if known.contains(&id) {
                    self.problem(part.kind.span(), format!("two parts are called `{id}`"));
                }
                self.part(part, &id);
                known.push(id);
            }
        }
    }

    fn part(&mut self, part: &Part, id: &str) {
        let span = part.kind.span();
        let kind = *part.kind.get_ref();
        let prose = kind == Type::Prose;
        self.source(part, kind, &span);
        for equal in &part.equal {
            self.source(&part.read_as(equal), kind, &span);
            let of = equal.of.as_ref().or(part.of.as_ref());
            if let Some(thing) = of.and_then(|of| self.reference(of.get_ref(), of.span())) {
                self.sentence(thing, &equal.say, &span);
            }
        }
        let wrong = |words: String, hint: &str| Problem::new(span.clone(), words).hint(hint);
        if prose && part.idea.is_empty() {
            let hint = "add [[question.part.idea]] with `idea` and `words`";
            self.problems
                .push(wrong(format!("{id}: prose needs a rubric"), hint));
        }
        let judged = !part.idea.is_empty() || !part.mistake.is_empty() || part.enough.is_some();
        if !prose && judged {
            let hint = "make it `type = \"prose\"`, or leave the ideas out";
            self.problems
                .push(wrong(format!("{id}: only prose is judged by ideas"), hint));
        }
        if part.enough.is_some_and(|n| n > part.idea.len()) && prose {
            let n = part.idea.len();
            self.problem(
                span.clone(),
                format!("{id}: more ideas make it good than its {n}"),
            );
        }
        if part.points < 0.0 || part.tolerance.is_some_and(|t| t < 0.0) {
            self.problem(
                span.clone(),
                format!("{id}: points and tolerance are not negative"),
            );
        }
        let number = matches!(kind, Type::Int | Type::Hex | Type::Port | Type::Duration);
        if part.tolerance.is_some() && !number {
            self.problem(span.clone(), format!("{id}: only numbers have a tolerance"));
        }
        match (&part.unit, kind) {
            (Some(unit), Type::Duration) if units::of(unit).is_none() => {
                let hint = format!("there are {}", units::NAMES.join(", "));
                let words = format!("{id}: `{unit}` is no unit of time");
                self.problems.push(wrong(words, &hint));
            }
            (
                Some(unit),
                Type::Ip
                | Type::Mac
                | Type::Port
                | Type::Ports
                | Type::YesNo
                | Type::Frame
                | Type::Frames,
            ) => {
                self.problem(
                    span.clone(),
                    format!("{id}: this type has no unit, `{unit}` or other"),
                );
            }
            _ => {}
        }
        if let Some(Names::Known(name)) = &part.names
            && names::table(name).is_none()
        {
            let hint = format!("there are: {}", names::TABLES.join(", "));
            let words = format!("{id}: there is no table of names called `{name}`");
            self.problems.push(wrong(words, &hint));
        }
        for (at, one) in part.wrong.iter().enumerate() {
            if part.also.contains(&one.value) {
                let words = format!("{id}: `{}` cannot be both right and wrong", one.value);
                self.problem(span.clone(), words);
            }
            if part.wrong[..at].iter().any(|w| w.value == one.value) {
                let words = format!("{id}: `{}` is listed as wrong twice", one.value);
                self.problem(span.clone(), words);
            }
        }
        for name in &part.evidence {
            self.reference(name.get_ref(), name.span());
        }
        for doubt in &part.doubt {
            self.doubt(doubt);
        }
        if let Some(show) = &part.show {
            for name in template::braces(show) {
                if !matches!(name, "name" | "value") {
                    let words =
                        format!("{id}: `show` knows {{name}} and {{value}}, not {{{name}}}");
                    self.problem(span.clone(), words);
                }
            }
        }
    }

    /// Where the answer comes from.
    fn source(&mut self, part: &Part, kind: Type, span: &Range<usize>) {
        let wrong = |words: &str, hint: &str| Problem::new(span.clone(), words).hint(hint);
        let prose = kind == Type::Prose;
        let taken = part.of.is_some() || part.take.is_some();
        if !taken && part.value.is_none() && !prose {
            let hint = "add `of = \"NAME\"` and `take = \"FIELD\"`, or `value = …`";
            self.problems
                .push(wrong("this answer comes from nowhere", hint));
        }
        if let Some(value) = &part.value {
            if taken {
                let hint = "leave out `value`, or `of` and `take`";
                self.problems.push(wrong("this part has two answers", hint));
            }
            for datum in constants(value) {
                if !could_be(kind, &datum) {
                    let words = format!("`{datum}` is not {}", wanted(kind));
                    let problem = Problem::new(span.clone(), words);
                    self.problems.push(match &datum {
                        Datum::Text(text) if text.parse::<f64>().is_ok() => {
                            problem.hint("write numbers without quotes")
                        }
                        _ => problem,
                    });
                }
            }
        }
        let Some(of) = &part.of else {
            if part.take.is_some() {
                let hint = "add `of = \"NAME\"`, a thing of [let]";
                self.problems
                    .push(wrong("`take` does not say of what", hint));
            }
            return;
        };
        let Some(thing) = self.reference(of.get_ref(), of.span()) else {
            return;
        };
        let mut terms: Vec<(String, Range<usize>)> = Vec::new();
        let mut several = false;
        if let Some(take) = &part.take {
            match take.get_ref() {
                Take::One(text) => terms.push((text.clone(), take.span())),
                Take::Several(texts) => {
                    several = texts.len() > 1;
                    terms.extend(texts.iter().map(|t| (t.clone(), take.span())));
                }
            }
        }
        let lists = matches!(
            kind,
            Type::List | Type::Set | Type::Frames | Type::Ports | Type::Text
        );
        if several && !lists && !prose {
            let hint = "make it `type = \"list\"`, or take one";
            self.problems
                .push(wrong("several fields are taken for one value", hint));
        }
        terms.extend(part.or_take.iter().map(|t| (t.get_ref().clone(), t.span())));
        for (text, place) in &terms {
            let before = self.problems.len();
            self.term(thing, text, place.clone());
            if self.problems.len() == before {
                self.fits(part, kind, thing, text, place);
            }
        }
        if let Some(because) = &part.because {
            self.sentence(thing, because, span);
        }
        let over = part.over.as_ref().map(|o| (*o.get_ref(), o.span()));
        if let Some((_, place)) = over
            && self.things[thing].ways.iter().any(|way| !way.chosen)
        {
            let name = of.get_ref();
            let words =
                format!("`{name}` is only the first that is found, and `over` is for several");
            let hint = format!("add `which = \"all\"` to [let.{name}]");
            self.problems.push(Problem::new(place, words).hint(hint));
        }
        let frames = matches!(kind, Type::Frame | Type::Frames | Type::List | Type::Set);
        let over = part.over.as_ref().map(|o| (*o.get_ref(), o.span()));
        let counted = matches!(over, Some((Over::Count, _)));
        if let Some((Over::Count | Over::Different, place)) = &over {
            self.counts(part, kind, counted, place);
        }
        if part.take.is_none() && !frames && !counted && !prose {
            let hint = "add `take = \"FIELD\"`";
            self.problems
                .push(wrong("nothing says what is taken", hint));
        }
    }

    /// Whether a count can be the answer.
    fn counts(&mut self, part: &Part, kind: Type, counted: bool, place: &Range<usize>) {
        if counted && let Some(take) = &part.take {
            let words = "`count` counts what is found, and not what is taken of it";
            let hint = "leave out `take`; or `over = \"different\"` counts the different values";
            self.problems
                .push(Problem::new(take.span(), words).hint(hint));
        }
        let number = matches!(kind, Type::Int | Type::Hex | Type::Prose | Type::Enum);
        if part.map.is_empty() && !number {
            let words = format!("a count is a number, and {} is asked for", wanted(kind));
            let hint = match kind {
                Type::YesNo => "add `map = { \"0\" = \"no\", more = \"yes\" }`",
                _ => "make it `type = \"int\"`",
            };
            self.problems
                .push(Problem::new(place.clone(), words).hint(hint));
        }
    }

    /// Whether a term gives values of the part's type.
    fn fits(&mut self, part: &Part, kind: Type, thing: usize, text: &str, place: &Range<usize>) {
        let tables: Vec<Table> = self.things[thing].ways.iter().map(|w| w.table).collect();
        for table in tables {
            let catalogue = table.catalogue();
            let Ok(term) = Expression::parse(text, catalogue) else {
                continue;
            };
            if let Kind::State(states) = term.kind() {
                for key in part.map.keys() {
                    if !states.iter().any(|s| s.word == key) {
                        let words = format!("`{key}` in `map` is no state of {text}");
                        let all: Vec<&str> = states.iter().map(|s| s.word).collect();
                        let hint = match nearest(key, all.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!("the states are {}", all.join(", ")),
                        };
                        self.problems
                            .push(Problem::new(place.clone(), words).hint(hint));
                        return;
                    }
                }
            }
            let over = part.over.as_ref().map(|o| *o.get_ref());
            if matches!(over, Some(Over::Count | Over::Different)) || !part.map.is_empty() {
                continue;
            }
            if matches!(
                over,
                Some(Over::Sum | Over::Mean | Over::Span | Over::Steps | Over::Min | Over::Max)
            ) && !is_number(term.kind())
            {
                let words =
                    format!("{text} is no number, so it has no sum, mean, smallest or largest");
                self.problem(place.clone(), words);
                return;
            }
            let thousand = |c: char| !c.is_ascii_digit();
            if term.kind() == Kind::Duration
                && kind == Type::Duration
                && text.contains(['*', '/'])
                && text
                    .split(thousand)
                    .any(|number| matches!(number, "1000" | "1000000"))
            {
                let words = "a span of time is converted to its `unit` without a calculation";
                let hint = "leave out the factor; `unit` is one of ns, µs, ms, s, min, h";
                self.problems
                    .push(Problem::new(place.clone(), words).hint(hint));
                return;
            }
            if !allowed(kind, term.kind()) {
                let words = format!(
                    "{text} is {}, and {} is asked for",
                    told(term.kind()),
                    wanted(kind)
                );
                let problem = Problem::new(place.clone(), words);
                self.problems.push(match fitting(term.kind()) {
                    Some(word) => problem.hint(format!("make it `type = \"{word}\"`")),
                    None => problem,
                });
                return;
            }
        }
    }

    /// The names in braces of a sentence about a thing.
    fn sentence(&mut self, thing: usize, text: &str, span: &Range<usize>) {
        for name in template::braces(text) {
            if !matches!(name, "file" | "frame") {
                self.term(thing, name, span.clone());
            }
        }
    }

    fn doubt(&mut self, doubt: &format::Doubt) {
        let Some(thing) = self.reference(doubt.of.get_ref(), doubt.of.span()) else {
            return;
        };
        let tables: Vec<Table> = self.things[thing].ways.iter().map(|w| w.table).collect();
        for table in tables {
            self.pieces(&doubt.filter, table.catalogue());
            if matches!(table, Table::Frames(_))
                && let Ok(filter) = Filter::parse(doubt.filter.get_ref(), table.catalogue())
            {
                self.fields
                    .extend(filter.needs().iter().map(|id| (thing, *id)));
            }
        }
    }
}

fn is_number(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Unsigned(_)
            | Kind::Hex(_)
            | Kind::Signed(_)
            | Kind::Frame
            | Kind::Frames
            | Kind::Float
            | Kind::Duration
            | Kind::Time
    )
}

/// Whether a field of a kind can be an answer of a type.
fn allowed(wanted: Type, kind: Kind) -> bool {
    let free = matches!(kind, Kind::Text | Kind::Bytes | Kind::State(_));
    match wanted {
        Type::Ip => matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Address) || free,
        Type::Mac => matches!(kind, Kind::Ether) || free,
        Type::Int | Type::Hex | Type::Port | Type::Ports | Type::Frame | Type::Frames => {
            is_number(kind)
        }
        Type::Duration => is_number(kind),
        Type::YesNo => matches!(kind, Kind::Boolean | Kind::Mark | Kind::Protocol),
        Type::Text | Type::Enum | Type::Set | Type::List | Type::Prose => true,
    }
}

/// The type for values of a kind.
fn fitting(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Address => "ip",
        Kind::Ether => "mac",
        Kind::Hex(_) => "hex",
        Kind::Duration => "duration",
        Kind::Frame => "frame",
        Kind::Frames => "frames",
        Kind::Boolean | Kind::Mark | Kind::Protocol => "yes-no",
        Kind::State(_) => "enum",
        Kind::Unsigned(_) | Kind::Signed(_) | Kind::Float => "int",
        Kind::Text | Kind::Bytes => "text",
        Kind::Time => return None,
    })
}

/// A kind as it is told.
fn told(kind: Kind) -> &'static str {
    match kind {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Address => "an IP address",
        Kind::Ether => "a hardware address",
        Kind::Duration => "a span of time",
        Kind::Time => "a moment",
        Kind::Boolean | Kind::Mark | Kind::Protocol => "yes or no",
        Kind::State(_) => "one of several states",
        Kind::Text | Kind::Bytes => "text",
        Kind::Frames => "a list of frame numbers",
        _ => "a number",
    }
}

/// A type as it is told.
fn wanted(kind: Type) -> &'static str {
    match kind {
        Type::Ip => "an IP address",
        Type::Mac => "a hardware address",
        Type::Int => "a number",
        Type::Hex => "a number in hexadecimal",
        Type::Port | Type::Ports => "a port",
        Type::Duration => "a span of time",
        Type::YesNo => "yes or no",
        Type::Frame | Type::Frames => "the number of a frame",
        Type::Text | Type::Enum | Type::Set | Type::List | Type::Prose => "text",
    }
}

/// Whether a constant can be an answer of a type.
fn could_be(kind: Type, datum: &Datum) -> bool {
    let number = matches!(
        datum,
        Datum::Number { .. } | Datum::Float(_) | Datum::Duration(_)
    );
    match kind {
        Type::Ip => matches!(datum, Datum::Ip(_)),
        Type::Mac => matches!(datum, Datum::Mac(_)),
        Type::Int | Type::Port | Type::Duration | Type::Frame | Type::Frames => number,
        Type::YesNo => {
            matches!(datum, Datum::YesNo(_))
                || matches!(datum, Datum::Text(t) if t == "yes" || t == "no")
        }
        _ => true,
    }
}
