//! Terms of the filter language on their own: `ip.len - ip.hdr_len`, and several filters and terms
//! that read one list of fields, so that one reading of a capture serves them all.

use super::catalogue::{Catalogue, EntryId};
use super::code::{Code, Operand};
use super::error::{Cause, FilterError};
use super::parser::{self, Test};
use super::{Filter, Row, check, eval};
use crate::dissect::field::{Kind, Value};

/// A term with values, ready to run.
#[derive(Debug)]
pub struct Expression {
    operand: Operand,
    kind: Kind,
    needs: Vec<EntryId>,
}

impl Expression {
    /// Reads a field, a slice of one, a function or a calculation.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Expression, FilterError> {
        let mut needs = Vec::new();
        Expression::parse_beside(text, catalogue, &mut needs)
    }

    /// Reads one whose slots count in `needs`, which gets what it does not have yet.
    pub fn parse_beside(
        text: &str,
        catalogue: &Catalogue,
        needs: &mut Vec<EntryId>,
    ) -> Result<Expression, FilterError> {
        let term = match parser::parse(text)? {
            Some(Test::Exists(term)) => term,
            _ => {
                let found = text.trim().to_string();
                let wanted = "a field or a calculation with fields is";
                let cause = Cause::Unexpected { found, wanted };
                return Err(FilterError::new(0..text.len(), cause));
            }
        };
        let mut checker = check::Checker {
            catalogue,
            needs: std::mem::take(needs),
            on_paper: true,
        };
        let typed = checker.expression(&term);
        needs.clone_from(&checker.needs);
        let (operand, kind) = typed?;
        Ok(Expression {
            operand,
            kind,
            needs: checker.needs,
        })
    }

    /// The fields a row needs, in the order of its slots.
    pub fn needs(&self) -> &[EntryId] {
        &self.needs
    }

    /// The type of its values.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its values for a row.
    pub fn evaluate(&self, row: &dyn Row) -> Vec<Value<'static>> {
        let mut values = Vec::new();
        self.operand.visit(row, &mut |value| {
            values.push(eval::owned(value));
            false
        });
        values
    }

    /// The slots it reads.
    pub fn slots(&self) -> Vec<usize> {
        let mut slots = Vec::new();
        read_by(&self.operand, &mut slots);
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

/// A copy of a value that outlives its row.
pub fn owned(value: &Value<'_>) -> Value<'static> {
    eval::owned(value)
}

/// The slots that an operand reads.
fn read_by(operand: &Operand, slots: &mut Vec<usize>) {
    match operand {
        Operand::Field { slot, .. } => slots.push(*slot),
        Operand::Constant(_) | Operand::Network(..) => {}
        Operand::Slice(inner, _) | Operand::Negate(inner) => read_by(inner, slots),
        Operand::Call(_, arguments) => arguments.iter().for_each(|a| read_by(a, slots)),
        Operand::Arithmetic(_, left, right) | Operand::Quotient(left, right) => {
            read_by(left, slots);
            read_by(right, slots);
        }
    }
}

impl Filter {
    /// Reads a filter whose slots count in `needs`, which gets what it does not have yet.
    pub fn parse_beside(
        text: &str,
        catalogue: &Catalogue,
        needs: &mut Vec<EntryId>,
    ) -> Result<Filter, FilterError> {
        let Some(test) = parser::parse(text)? else {
            return Ok(Filter {
                code: Code::Always,
                needs: needs.clone(),
            });
        };
        let mut checker = check::Checker {
            catalogue,
            needs: std::mem::take(needs),
            on_paper: false,
        };
        let code = checker.test(&test);
        needs.clone_from(&checker.needs);
        Ok(Filter {
            code: code?,
            needs: checker.needs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Cell;

    struct Numbers(Vec<u64>);

    impl Row for Numbers {
        fn visit(&self, slot: usize, visitor: &mut dyn FnMut(Cell<'_, '_>) -> bool) -> bool {
            let value = Value::Unsigned(self.0[slot]);
            visitor(Cell {
                value: &value,
                layer: 1,
                length: None,
            })
        }
    }

    #[test]
    fn a_calculation_has_a_value() {
        let term =
            Expression::parse("ip.len - ip.hdr_len", Catalogue::frames()).expect("it is one");
        let values = term.evaluate(&Numbers(vec![84, 20]));
        assert_eq!(values, [Value::Signed(64)]);
    }

    #[test]
    fn a_calculation_is_as_on_paper() {
        let value = |text, row| {
            let term = Expression::parse(text, Catalogue::frames()).expect("it is one");
            term.evaluate(&Numbers(row))
        };
        assert_eq!(value("64 - ip.ttl", vec![60]), [Value::Signed(4)]);
        assert_eq!(value("tcp.len / 8", vec![370]), [Value::Float(46.25)]);
        assert_eq!(value("tcp.len / 8", vec![368]), [Value::Signed(46)]);
        assert_eq!(value("1000 / tcp.len", vec![400]), [Value::Float(2.5)]);
        assert_eq!(value("tcp.len / 0", vec![400]), []);
        // A filter cuts off, as Wireshark does.
        let cut = Filter::parse("tcp.len / 8 == 46", Catalogue::frames()).expect("a filter");
        assert!(cut.holds(&Numbers(vec![370])));
    }

    #[test]
    fn filters_and_terms_share_their_fields() {
        let frames = Catalogue::frames();
        let mut needs = Vec::new();
        let filter = Filter::parse_beside("ip.ttl == 64", frames, &mut needs).expect("a filter");
        let term = Expression::parse_beside("ip.len", frames, &mut needs).expect("a field");
        let again = Expression::parse_beside("ip.ttl", frames, &mut needs).expect("a field");
        assert_eq!(needs.len(), 2);
        let row = Numbers(vec![64, 84]);
        assert!(filter.holds(&row));
        assert_eq!(term.evaluate(&row), [Value::Unsigned(84)]);
        assert_eq!(again.slots(), [0]);
    }

    #[test]
    fn a_test_is_no_term() {
        assert!(Expression::parse("ip.len == 3", Catalogue::frames()).is_err());
        assert!(Expression::parse("", Catalogue::frames()).is_err());
    }
}
