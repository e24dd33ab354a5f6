//! Running a filter's code over a row of values. Nothing is allocated for header fields.

use super::check::bytes_of;
use super::code::{Code, Compare, Function, Operand, Operator};
use super::lexer::Sign;
use super::parser::{Length, Part};
use crate::dissect::field::{Kind, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// One value of a field in a row.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'r, 'v> {
    /// The value.
    pub value: &'r Value<'v>,
    /// Which layer of its protocol it is in, from 1.
    pub layer: u8,
    /// How many bytes it has in the packet, where that is not the value's own length (a
    /// protocol's header).
    pub length: Option<u32>,
}

/// What a filter is asked about: a frame, a fact.
pub trait Row {
    /// Hands over the values of a slot (a position in [`super::Filter::needs`]) until the visitor
    /// says `true`; says whether it did.
    fn visit(&self, slot: usize, visitor: &mut dyn FnMut(Cell<'_, '_>) -> bool) -> bool;

    /// Whether a slot has a value.
    fn has(&self, slot: usize) -> bool {
        self.visit(slot, &mut |_| true)
    }
}

impl Code {
    /// Whether the filter holds for a row.
    pub(super) fn holds(&self, row: &dyn Row) -> bool {
        match self {
            Code::Always => true,
            Code::Or(codes) => codes.iter().any(|code| code.holds(row)),
            Code::And(codes) => codes.iter().all(|code| code.holds(row)),
            Code::Not(code) => !code.holds(row),
            Code::Present(Operand::Field {
                slot, layers: None, ..
            }) => row.has(*slot),
            Code::Present(operand) => operand.visit(
                row,
                &mut |value| !matches!(value, Value::Bytes(bytes) if bytes.is_empty()),
            ),
            Code::NonZero(operand) => operand.visit(row, &mut |value| !is_zero(value)),
            Code::Compare(compare) => compare.holds(row),
            Code::Member { left, set, every } => quantify(*every, left, row, |value| {
                set.iter().any(|(low, high)| match high {
                    None => meets(Operator::Equal, value, low, row),
                    Some(high) => {
                        meets(Operator::GreaterEqual, value, low, row)
                            && meets(Operator::LessEqual, value, high, row)
                    }
                })
            }),
            Code::Contains {
                left,
                right,
                finder,
                every,
            } => quantify(*every, left, row, |value| {
                let Some(hay) = bytes_of(value) else {
                    return false;
                };
                match finder {
                    Some(finder) => finder.find(&hay).is_some(),
                    None => right.visit(row, &mut |needle| {
                        bytes_of(needle)
                            .is_some_and(|needle| memchr::memmem::find(&hay, &needle).is_some())
                    }),
                }
            }),
            Code::Matches {
                left,
                pattern,
                every,
            } => quantify(*every, left, row, |value| {
                bytes_of(value).is_some_and(|bytes| pattern.is_match(&bytes))
            }),
        }
    }
}

/// Whether one value, or every one of at least one, passes the test.
fn quantify(
    every: bool,
    operand: &Operand,
    row: &dyn Row,
    mut test: impl FnMut(&Value<'_>) -> bool,
) -> bool {
    if !every {
        return operand.visit(row, &mut test);
    }
    let mut some = false;
    let refuted = operand.visit(row, &mut |value| {
        some = true;
        !test(value)
    });
    some && !refuted
}

/// Whether a value compares so with one of the operand's.
fn meets(operator: Operator, value: &Value<'_>, right: &Operand, row: &dyn Row) -> bool {
    match right {
        Operand::Constant(constant) => compare(operator, value, constant),
        Operand::Network(network, bits) => in_network(operator, value, network, *bits),
        right => right.visit(row, &mut |other| compare(operator, value, other)),
    }
}

impl Compare {
    fn holds(&self, row: &dyn Row) -> bool {
        let operator = self.operator;
        if !self.every || matches!(self.right, Operand::Constant(_) | Operand::Network(..)) {
            return quantify(self.every, &self.left, row, |value| {
                meets(operator, value, &self.right, row)
            });
        }
        // All pairs, and at least one.
        quantify(true, &self.left, row, |value| {
            quantify(true, &self.right, row, |other| {
                compare(operator, value, other)
            })
        })
    }
}

impl Operand {
    /// Hands over the values until the visitor says `true`; says whether it did.
    pub(super) fn visit(&self, row: &dyn Row, visitor: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        match self {
            Operand::Field {
                slot, layers: None, ..
            } => row.visit(*slot, &mut |cell| each(cell.value, visitor)),
            Operand::Field {
                slot,
                layers: Some(parts),
                ..
            } => {
                let mut layers = 0;
                row.visit(*slot, &mut |cell| {
                    layers = layers.max(cell.layer);
                    false
                });
                row.visit(*slot, &mut |cell| {
                    in_layers(parts, cell.layer, layers) && each(cell.value, visitor)
                })
            }
            Operand::Constant(value) | Operand::Network(value, _) => visitor(value),
            Operand::Slice(inner, parts) => inner.visit(row, &mut |value| {
                let Some(bytes) = bytes_of(value) else {
                    return false;
                };
                visitor(&Value::Bytes(slice(&bytes, parts)))
            }),
            Operand::Call(function, arguments) => function.visit(arguments, row, visitor),
            Operand::Arithmetic(sign, left, right) => left.visit(row, &mut |a| {
                right.visit(row, &mut |b| {
                    calculate(*sign, a, b).is_some_and(|result| visitor(&result))
                })
            }),
            Operand::Quotient(left, right) => left.visit(row, &mut |a| {
                right.visit(row, &mut |b| {
                    quotient(a, b).is_some_and(|result| visitor(&result))
                })
            }),
            Operand::Negate(inner) => inner.visit(row, &mut |value| {
                let result = match value {
                    Value::Duration(n) => Value::Duration(n.saturating_neg()),
                    Value::Float(n) => Value::Float(-n),
                    value => match number(value) {
                        Some(n) => signed(-n),
                        None => return false,
                    },
                };
                visitor(&result)
            }),
        }
    }

    fn kind(&self) -> Option<Kind> {
        match self {
            Operand::Field { kind, .. } => Some(*kind),
            _ => None,
        }
    }
}

/// A value, or each of several in one.
fn each(value: &Value<'_>, visitor: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
    match value {
        Value::Frames(frames) => frames
            .iter()
            .any(|frame| visitor(&Value::Unsigned(u64::from(*frame)))),
        Value::List(list) => list.iter().any(|value| each(value, visitor)),
        value => visitor(value),
    }
}

impl Function {
    fn visit(
        self,
        arguments: &[Operand],
        row: &dyn Row,
        visitor: &mut dyn FnMut(&Value<'_>) -> bool,
    ) -> bool {
        let Some(first) = arguments.first() else {
            return false;
        };
        match self {
            Function::Len => length(first, row, visitor),
            Function::Count => {
                let mut count = 0u64;
                first.visit(row, &mut |_| {
                    count += 1;
                    false
                });
                count > 0 && visitor(&Value::Unsigned(count))
            }
            Function::Upper | Function::Lower => first.visit(row, &mut |value| {
                let Value::Text(text) = value else {
                    return false;
                };
                let text = if self == Function::Upper {
                    text.to_ascii_uppercase()
                } else {
                    text.to_ascii_lowercase()
                };
                visitor(&Value::Text(Cow::Owned(text)))
            }),
            Function::String => first.visit(row, &mut |value| {
                let mut text = Vec::new();
                // Numbers become decimal whatever their base, as in Wireshark.
                super::print::value(Kind::Unsigned(64), value, &mut text);
                visitor(&Value::Text(Cow::Owned(text)))
            }),
            Function::Abs => first.visit(row, &mut |value| {
                let result = match value {
                    Value::Duration(n) => Value::Duration(n.saturating_abs()),
                    Value::Float(n) => Value::Float(n.abs()),
                    value => match number(value) {
                        Some(n) => signed(n.abs()),
                        None => return false,
                    },
                };
                visitor(&result)
            }),
            Function::Max | Function::Min => {
                let wanted = if self == Function::Max {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                let mut best: Option<Value<'static>> = None;
                for argument in arguments {
                    argument.visit(row, &mut |value| {
                        let better = best
                            .as_ref()
                            .is_none_or(|best| order(value, best) == Some(wanted));
                        if better {
                            best = Some(owned(value));
                        }
                        false
                    });
                }
                best.is_some_and(|best| visitor(&best))
            }
        }
    }
}

/// The length of each value in bytes, numbers by their type.
fn length(operand: &Operand, row: &dyn Row, visitor: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
    if let Operand::Field {
        slot, layers: None, ..
    } = operand
    {
        let kind = operand.kind();
        return row.visit(*slot, &mut |cell| {
            let length = match (cell.length, kind) {
                (Some(length), _) => u64::from(length),
                (None, kind) => length_of(cell.value, kind),
            };
            visitor(&Value::Unsigned(length))
        });
    }
    operand.visit(row, &mut |value| {
        visitor(&Value::Unsigned(length_of(value, None)))
    })
}

fn length_of(value: &Value<'_>, kind: Option<Kind>) -> u64 {
    if let Some(bytes) = bytes_of(value) {
        return u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    }
    match kind {
        Some(Kind::Unsigned(bits) | Kind::Hex(bits) | Kind::Signed(bits)) => {
            u64::from(bits.div_ceil(8))
        }
        Some(Kind::Frame) => 4,
        Some(Kind::Time | Kind::Duration) => 16,
        _ => 8,
    }
}

/// Whether a layer (from 1) is among the ranges, of so many.
fn in_layers(parts: &[Part], layer: u8, layers: u8) -> bool {
    let place = |at: i64| if at < 0 { at + i64::from(layers) } else { at };
    let at = i64::from(layer) - 1;
    parts.iter().any(|part| {
        let start = place(part.start);
        at >= start
            && match part.length {
                Length::Count(n) => at - start < i64::try_from(n).unwrap_or(i64::MAX),
                Length::Last(last) => at <= place(last),
                Length::Open => true,
            }
    })
}

/// The ranges of some bytes, one after the other. What is not there gives no bytes, as in
/// Wireshark, and no bytes are less than any: `tcp[60] != 0` holds where there is no such byte.
fn slice<'b>(bytes: &'b [u8], parts: &[Part]) -> Cow<'b, [u8]> {
    let piece = |part: &Part| part.of(bytes.len()).map_or(&[][..], |range| &bytes[range]);
    match parts {
        [part] => Cow::Borrowed(piece(part)),
        parts => Cow::Owned(parts.iter().flat_map(piece).copied().collect()),
    }
}

fn compare(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> bool {
    let Some(order) = order(left, right) else {
        return false;
    };
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
    }
}

/// How two values of comparable types stand.
pub(super) fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Unsigned(a), Value::Unsigned(b)) => Some(a.cmp(b)),
        (Value::Ipv4(a), Value::Ipv4(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => {
            Some(a.cmp(b))
        }
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(bytes_of(left)?.as_ref().cmp(bytes_of(right)?.as_ref())),
        },
    }
}

/// Compares addresses by their first bits.
fn in_network(operator: Operator, value: &Value<'_>, network: &Value<'_>, bits: u8) -> bool {
    let ordering = match (value, network) {
        (Value::Ipv4(a), Value::Ipv4(b)) => {
            let shift = 32 - u32::from(bits.min(32));
            let part = |x: &[u8; 4]| u32::from_be_bytes(*x).checked_shr(shift).unwrap_or(0);
            part(a).cmp(&part(b))
        }
        (Value::Ipv6(a), Value::Ipv6(b)) => {
            let shift = 128 - u32::from(bits.min(128));
            let part = |x: &[u8; 16]| u128::from_be_bytes(*x).checked_shr(shift).unwrap_or(0);
            part(a).cmp(&part(b))
        }
        _ => return false,
    };
    match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::NotEqual => ordering.is_ne(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterEqual => ordering.is_ge(),
        Operator::Less => ordering.is_lt(),
        Operator::LessEqual => ordering.is_le(),
    }
}

fn number(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Unsigned(n) => Some(i128::from(*n)),
        Value::Signed(n) => Some(i128::from(*n)),
        Value::Boolean(b) => Some(i128::from(*b)),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and bytes stay below 2^53"
)]
fn decimal(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Float(n) => Some(*n),
        value => number(value).map(|n| n as f64),
    }
}

fn signed(n: i128) -> Value<'static> {
    match i64::try_from(n) {
        Ok(n) => Value::Signed(n),
        Err(_) => Value::Unsigned(u64::try_from(n).unwrap_or(if n < 0 { 0 } else { u64::MAX })),
    }
}

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Duration(n) | Value::Time(n) => *n == 0,
        Value::Float(n) => *n == 0.0,
        value => match number(value) {
            Some(n) => n == 0,
            None => bytes_of(value).is_none_or(|bytes| bytes.iter().all(|b| *b == 0)),
        },
    }
}

/// A result of arithmetic; nothing when it does not exist (division by zero).
fn calculate(sign: Sign, a: &Value<'_>, b: &Value<'_>) -> Option<Value<'static>> {
    match (a, b) {
        (Value::Float(_), _) | (_, Value::Float(_)) => {
            let (a, b) = (decimal(a)?, decimal(b)?);
            let result = match sign {
                Sign::Plus => a + b,
                Sign::Minus => a - b,
                Sign::Times => a * b,
                Sign::Divide => a / b,
                Sign::Modulo => a % b,
                _ => return None,
            };
            result.is_finite().then_some(Value::Float(result))
        }
        (Value::Duration(a), Value::Duration(b)) => span(sign, *a, *b).map(Value::Duration),
        (Value::Time(a), Value::Time(b)) => span(sign, *a, *b).map(Value::Time),
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => Some(signed(match sign {
                Sign::Plus => a.checked_add(b)?,
                Sign::Minus => a.checked_sub(b)?,
                Sign::Times => a.checked_mul(b)?,
                Sign::Divide => a.checked_div(b)?,
                Sign::Modulo => a.checked_rem(b)?,
                Sign::BitAnd => a & b,
                _ => return None,
            })),
            _ => bit_and(sign, a, b),
        },
    }
}

/// A division as on paper: whole where it leaves no remainder.
fn quotient(a: &Value<'_>, b: &Value<'_>) -> Option<Value<'static>> {
    match (number(a), number(b)) {
        (Some(n), Some(by)) if n.checked_rem(by)? == 0 => Some(signed(n / by)),
        _ => calculate(Sign::Divide, &Value::Float(decimal(a)?), b),
    }
}

fn span(sign: Sign, a: i64, b: i64) -> Option<i64> {
    match sign {
        Sign::Plus => a.checked_add(b),
        Sign::Minus => a.checked_sub(b),
        _ => None,
    }
}

/// Bytes by bytes, as far as the shorter side goes.
fn bit_and(sign: Sign, a: &Value<'_>, b: &Value<'_>) -> Option<Value<'static>> {
    if sign != Sign::BitAnd {
        return None;
    }
    let (left, right) = (bytes_of(a)?, bytes_of(b)?);
    let both: Vec<u8> = left.iter().zip(right.iter()).map(|(a, b)| a & b).collect();
    Some(match a {
        Value::Ipv4(_) => Value::Ipv4(both.try_into().ok()?),
        Value::Ipv6(_) => Value::Ipv6(both.try_into().ok()?),
        Value::Ether(_) if both.len() == 6 => Value::Ether(both.try_into().ok()?),
        _ => Value::Bytes(Cow::Owned(both)),
    })
}

/// A copy that outlives the row.
pub(super) fn owned(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Present => Value::Present,
        Value::Boolean(b) => Value::Boolean(*b),
        Value::Unsigned(n) => Value::Unsigned(*n),
        Value::Signed(n) => Value::Signed(*n),
        Value::Text(t) => Value::Text(Cow::Owned(t.to_vec())),
        Value::Bytes(b) => Value::Bytes(Cow::Owned(b.to_vec())),
        Value::Ether(a) => Value::Ether(*a),
        Value::Ipv4(a) => Value::Ipv4(*a),
        Value::Ipv6(a) => Value::Ipv6(*a),
        Value::Time(t) => Value::Time(*t),
        Value::Duration(d) => Value::Duration(*d),
        Value::Float(f) => Value::Float(*f),
        Value::Frames(f) => Value::Frames(Cow::Owned(f.to_vec())),
        Value::List(list) => Value::List(list.iter().map(owned).collect()),
    }
}
