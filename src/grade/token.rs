//! What an answer holds: addresses, numbers with units, and where they stand in the text.

use crate::handout::value;
use regex::Regex;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::sync::LazyLock;

mod calculations;
mod units;

use calculations::calculations;
pub use units::Unit;

/// Something in a text that can be a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// An IPv4 address, or a mask in any notation.
    Ip(Ipv4Addr),
    /// An IPv6 address.
    Ip6(std::net::Ipv6Addr),
    /// What looks like an address and is none.
    BadIp,
    /// A hardware address.
    Mac([u8; 6]),
    /// The end of one, behind its maker's name, as Wireshark shows it: `PcsCompu_1a:b8:5d`.
    MacEnd([u8; 3]),
    /// A number.
    Number(i128),
    /// A number with decimals.
    Decimal(f64),
    /// Something that is no value, though it has digits: a time of day, a name with digits.
    Other,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Range<usize>,
    /// The unit behind it.
    pub unit: Unit,
    /// It is said to be the number of a frame.
    pub frame: bool,
    /// It is said to be a port.
    pub port: bool,
    /// It stands in brackets behind something else.
    pub bracket: bool,
    /// It is the result of a calculation.
    pub result: bool,
    /// It is part of a calculation.
    pub operand: bool,
    /// It is written in hexadecimal.
    pub hex: bool,
    /// It follows an address and a colon: a port.
    pub behind_ip: bool,
    /// What it is as a list: `1,448` can be two numbers.
    pub members: Vec<i128>,
}

impl Token {
    /// The number it is.
    pub fn amount(&self) -> Option<f64> {
        match self.kind {
            #[expect(clippy::cast_precision_loss, reason = "numbers of packets are smaller")]
            Kind::Number(n) => Some(n as f64),
            Kind::Decimal(f) => Some(f),
            _ => None,
        }
    }

    /// The numbers it is in a list.
    pub fn list(&self) -> Option<Vec<i128>> {
        match self.kind {
            _ if !self.members.is_empty() => Some(self.members.clone()),
            Kind::Number(n) => Some(vec![n]),
            _ => None,
        }
    }
}

static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
        (?P<mac>\b[0-9a-f]{1,2}(?:[:-][0-9a-f]{1,2}){5}\b
            |\b[0-9a-f]{2}(?:\s[0-9a-f]{2}){5}\b
            |\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b
            |\b[0-9a-f]{12}\b)
        |(?P<clock>\b\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?\b)
        |(?P<name>\b[a-z][a-z0-9]*_[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}\b|\b[a-z][a-z_-]*[0-9][a-z0-9_-]*\b)
        |(?P<ip>\b\d{1,4}(?:\.\d{1,4}){3}\b)
        |(?P<ip6>\b(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})+\b)
        |(?P<mask>(?:^|[\s(])/(?P<bits>\d{1,2})\b)
        |(?P<hex>\b0x[0-9a-f]+\b)
        |(?P<binary>\b0b[01]+\b)
        |(?P<pair>\b0[0-9a-f]\s[0-9a-f]{2}\b)
        |(?P<power>\b\d+(?:[.,]\d+)?(?:e[-+]\d{1,2}\b
            |\s*[*x×·]\s*10(?:\s*(?:\^|\*\*)\s*\(?[-+]?\d{1,2}\)?|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)))
        |(?P<thousands>\b\d{1,3}(?:,\d{3}){2,}\b)
        |(?P<decimal>\b\d+[.,]\d+)
        |(?:^|[\s(=:~])(?P<fraction>\.\d+)\b
        |(?P<number>\b\d+)
        |(?P<word>\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen
            |fifteen|sixteen|seventeen|eighteen|nineteen
            |(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[-\s](?:one|two|three|four|five|six|seven|eight|nine))?)\b)
        ",
    )
    .expect("the pattern is right")
});

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:frames?|packets?|pakets?|trames?|no|nr|numbers?|pkt)[.:]?\s*(?:no\.?|number|nr\.?|is|are|=|:|#)*\s*#?$|#$|\b(?:frame|packet)\s+of\s+(?:the\s+)?[a-z]+\s*(?:is|=|:)*\s*$")
        .expect("the pattern is right")
});

static PORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bports?\s*(?:no\.?|number|nr\.?|is|are|=|:|#)*\s*$")
        .expect("the pattern is right")
});

/// The frame as a whole, of which a size is told.
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:total|whole|entire|complete|size|length|full)(?:\s+[a-z'’]+){0,4}\s+(?:frame|packet)s?[\s:=]*(?:is\s*)?$")
        .expect("the pattern is right")
});
/// A number of something else than a frame.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i),\s*no:\s*$|\b(?:sequence|seq|ack\w*|ports?|protocol|option|type|code|isn|raw|id|identification)\.?\s+(?:no|nr|number)s?[.:]?\s*(?:of\s+\S+\s*)?(?:is|=|:)*\s*#?$")
        .expect("the pattern is right")
});
/// Words before a `one` that is no number.
const POINTING: &[&str] = &[
    "this", "that", "the", "which", "no", "any", "each", "every", "last", "first", "other", "same",
    "second", "next", "another", "right", "wrong", "real",
];
/// Between numbers of a list.
static LIST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:\([^)]*\))?\s*(?:for\s+(?:the\s+)?[a-z]+\s*)?(?:,|\+|/|&|and|und|et|y|,\s*and|-|–|to|->|→)\s*#?$")
        .expect("the pattern is right")
});

/// Finds everything in a text that can be a value.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    for capture in VALUE.captures_iter(text) {
        let Some(whole) = capture.get(0) else {
            continue;
        };
        let mut span = whole.range();
        let written = whole.as_str();
        let named = |name| capture.name(name).is_some();
        let mut hex = false;
        let mut members: Vec<i128> = Vec::new();
        let kind = if named("mac") {
            match value::mac(&written.replace(char::is_whitespace, ":")) {
                // Twelve digits that are all decimal are a number.
                Some(_)
                    if written.len() == 12
                        && written.bytes().all(|b| b.is_ascii_digit())
                        && written.parse::<i128>().is_ok_and(|n| n < 10_000_000_000) =>
                {
                    Kind::Number(written.parse().unwrap_or(0))
                }
                Some(mac) => Kind::Mac(mac),
                None => Kind::Other,
            }
        } else if let Some(end) = capture.name("name").and_then(|n| mac_end(n.as_str())) {
            Kind::MacEnd(end)
        } else if named("clock") || named("name") {
            Kind::Other
        } else if named("ip") {
            written.parse().map_or(Kind::BadIp, Kind::Ip)
        } else if named("ip6") {
            written.parse().map_or(Kind::Other, Kind::Ip6)
        } else if let Some(bits) = capture.name("bits") {
            span = bits.start() - 1..bits.end();
            match bits.as_str().parse::<u32>() {
                Ok(bits @ 1..=32) => {
                    Kind::Ip(Ipv4Addr::from(u32::MAX.checked_shl(32 - bits).unwrap_or(0)))
                }
                _ => Kind::Other,
            }
        } else if named("hex") {
            hex = true;
            number(&written[2..], 16)
        } else if named("binary") {
            hex = true;
            number(&written[2..], 2)
        } else if named("pair") {
            // `08 00` is a number, byte by byte.
            hex = true;
            number(&written.replace(char::is_whitespace, ""), 16)
        } else if named("power") {
            power(written).map_or(Kind::Other, Kind::Decimal)
        } else if named("thousands") {
            // `812,288,154` is one number, `101,102,103` are three.
            let parts: Vec<u32> = written.split(',').filter_map(|p| p.parse().ok()).collect();
            let near = |pair: &[u32]| (pair[0] + 1..pair[0] + 50).contains(&pair[1]);
            if parts.windows(2).all(near) {
                let mut at = span.start;
                for part in written.split(',') {
                    push(
                        &mut found,
                        text,
                        number(part, 10),
                        at..at + part.len(),
                        false,
                    );
                    at += part.len() + 1;
                }
                continue;
            }
            members.extend(parts.iter().map(|p| i128::from(*p)));
            number(&written.replace(',', ""), 10)
        } else if let Some(fraction) = capture.name("fraction") {
            span = fraction.range();
            let value = format!("0{}", fraction.as_str()).parse();
            value.map_or(Kind::Other, Kind::Decimal)
        } else if named("decimal") {
            match written.split_once(',') {
                // `1,448` is one number as English writes it, `0,036` one as most others do.
                Some((first, second)) if grouped(text, &span, first, second) => {
                    members.extend(
                        [first, second]
                            .iter()
                            .filter_map(|d| d.parse::<i128>().ok()),
                    );
                    match first {
                        "0" => written
                            .replace(',', ".")
                            .parse()
                            .map_or(Kind::Other, Kind::Decimal),
                        _ => number(&format!("{first}{second}"), 10),
                    }
                }
                // A comma makes decimals of a time only; elsewhere it lists.
                Some((first, second)) if !timed(&text[span.end..]) => {
                    let end = span.start + first.len();
                    push(&mut found, text, number(first, 10), span.start..end, false);
                    span.start = end + 1;
                    number(second, 10)
                }
                _ => written
                    .replace(',', ".")
                    .parse()
                    .map_or(Kind::Other, Kind::Decimal),
            }
        } else if named("word") {
            // `This one` and `one of them` count nothing.
            let before = text[..span.start]
                .trim_end()
                .rsplit(char::is_whitespace)
                .next();
            let points = before.is_some_and(|w| POINTING.contains(&w.to_lowercase().as_str()))
                || text[span.end..].trim_start().starts_with("of ");
            let larger = ["thousand", "hundred", "million", "-"];
            let after = text[span.end..].trim_start();
            let more = larger.iter().any(|w| after.starts_with(w));
            match word(written).filter(|n| !more && (*n != 1 || !points)) {
                Some(n) => Kind::Number(n),
                None => Kind::Other,
            }
        } else {
            number(written, 10)
        };
        // A mask in hexadecimal.
        let kind = match kind {
            Kind::Number(n)
                if hex && written.len() == 10 && written.to_lowercase().starts_with("0xf") =>
            {
                u32::try_from(n).map_or(Kind::Number(n), |n| Kind::Ip(Ipv4Addr::from(n)))
            }
            kind => kind,
        };
        push(&mut found, text, kind, span, hex);
        if let Some(token) = found.last_mut() {
            token.members = members;
        }
    }
    spaced(text, &mut found);
    units::joined(text, &mut found);
    calculations(text, &mut found);
    // `PcsCompu_1a:b8:5d (08:00:27:1a:b8:5d)` is one address.
    for at in 1..found.len() {
        let near = text[found[at - 1].span.end..found[at].span.start].trim() == "(";
        if let (Kind::MacEnd(end), Kind::Mac(mac)) = (&found[at - 1].kind, &found[at].kind)
            && near
            && mac.ends_with(end)
        {
            found[at - 1].kind = Kind::Other;
            found[at].bracket = false;
        }
    }
    for at in 1..found.len() {
        let gap = &text[found[at - 1].span.end..found[at].span.start];
        if found[at - 1].frame
            && found[at].unit == Unit::None
            && LIST.is_match(gap)
            && matches!(found[at].kind, Kind::Number(_))
        {
            found[at].frame = true;
        }
        // `49152 -> 80` are ports.
        let flow = matches!(gap.trim(), "->" | "→" | ">")
            && [at - 1, at]
                .iter()
                .any(|t| matches!(found[*t].kind, Kind::Number(67 | 68 | 1024..=65_535)))
            && [at - 1, at]
                .iter()
                .all(|t| found[*t].unit == Unit::None && matches!(found[*t].kind, Kind::Number(_)));
        found[at - 1].port |= flow;
        found[at].port |= flow;
        let more = found[at - 1].port && found[at].unit == Unit::None && LIST.is_match(gap);
        found[at].port |= more && matches!(found[at].kind, Kind::Number(_));
    }
    found
}

fn push(found: &mut Vec<Token>, text: &str, kind: Kind, span: Range<usize>, hex: bool) {
    let before = &text[..span.start];
    let after = &text[span.end..];
    // Patterns that end at the value need no more of what is before it.
    let near = tail(before, 96);
    let unit = Unit::of(after);
    let opened = before.rfind('(');
    let bracket = opened.is_some_and(|at| {
        !before[at..].contains(')') && !before[..at].trim().is_empty() && after.contains(')')
    });
    let port = unit == Unit::None && PORT.is_match(near) && matches!(kind, Kind::Number(_));
    found.push(Token {
        frame: unit == Unit::None
            && !matches!(kind, Kind::Number(n) if n > 99_999)
            && FRAME.is_match(near)
            && !WHOLE.is_match(near)
            && !OTHER.is_match(near)
            && !matches!(kind, Kind::Ip(_) | Kind::Mac(_)),
        behind_ip: before.ends_with(':')
            && found.last().is_some_and(|t| {
                t.span.end + 1 == span.start && matches!(t.kind, Kind::Ip(_) | Kind::Ip6(_))
            }),
        kind,
        span,
        unit,
        port,
        bracket,
        result: false,
        operand: false,
        hex,
        members: Vec::new(),
    });
}

/// Joins what spaces part and a unit holds together: `200 000 bytes`.
fn spaced(text: &str, found: &mut Vec<Token>) {
    for at in (1..found.len()).rev() {
        let (a, b) = (&found[at - 1], &found[at]);
        let (Kind::Number(high), Kind::Number(low)) = (&a.kind, &b.kind) else {
            continue;
        };
        let (first, second) = (&text[a.span.clone()], &text[b.span.clone()]);
        let digits = |t: &str| t.bytes().all(|d| d.is_ascii_digit());
        let groups = digits(first) && digits(second) && first.len() <= 3 && second.len() == 3;
        let joined = groups && *high > 0 && &text[a.span.end..b.span.start] == " ";
        if joined && b.unit == Unit::Bytes && !a.frame && !a.port {
            let (members, kind) = (vec![*high, *low], Kind::Number(high * 1000 + low));
            let (start, before) = (a.span.start, a.bracket);
            let token = &mut found[at];
            (token.members, token.kind, token.span.start) = (members, kind, start);
            token.bracket = before;
            found.remove(at - 1);
        }
    }
}

/// Whether digits around a comma are one number without a unit of time: three behind it, or a zero
/// before it. Next to another comma, and where the second follows the first, they are a list.
fn grouped(text: &str, span: &Range<usize>, first: &str, second: &str) -> bool {
    let after = text[span.end..].strip_prefix(',');
    let more = after.is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()));
    let before = text[..span.start].strip_suffix(',');
    let listed = before.is_some_and(|t| t.ends_with(|c: char| c.is_ascii_digit()));
    let digits = |t: &str| t.parse::<i128>().unwrap_or(0);
    // `60,105` is rather one number than two frames.
    let most = if first.len() == second.len() { 50 } else { 10 };
    let near = (digits(first) + 1..digits(first) + most).contains(&digits(second));
    let thousands = first.len() <= 3 && second.len() == 3 && !first.starts_with('0') && !near;
    !more && !listed && !timed(&text[span.end..]) && (thousands || first == "0")
}

/// Whether a text begins with a second or a part of one: times with decimals.
fn timed(text: &str) -> bool {
    Unit::of(text).seconds().is_some_and(|each| each <= 1.0)
}

/// The bytes behind the name of a maker.
fn mac_end(text: &str) -> Option<[u8; 3]> {
    let (_, end) = text.rsplit_once('_')?;
    let bytes: Vec<u8> = end
        .split(':')
        .map(|b| u8::from_str_radix(b, 16))
        .collect::<Result<_, _>>()
        .ok()?;
    bytes.try_into().ok()
}

/// The last bytes of a text.
pub fn tail(text: &str, most: usize) -> &str {
    let mut at = text.len().saturating_sub(most);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    &text[at..]
}

/// A number with a power of ten: `1.24e-4`, `1.24*10^-4`, `1.24 × 10⁻⁴`.
fn power(written: &str) -> Option<f64> {
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let plain = |c: char| match c {
        ',' => Some('.'),
        '⁻' => Some('-'),
        '⁺' | '(' | ')' | ' ' => None,
        c => match RAISED.chars().position(|r| r == c) {
            Some(digit) => char::from_digit(u32::try_from(digit).ok()?, 10),
            None => Some(c.to_ascii_lowercase()),
        },
    };
    let text: String = written.chars().filter_map(plain).collect();
    let sign = text.find(['e', '*', 'x', '×', '·'])?;
    let power = text[sign..].trim_start_matches(['e', '*', 'x', '×', '·']);
    let power = match text[sign..].starts_with('e') {
        true => power,
        false => power.strip_prefix("10")?.trim_start_matches(['^', '*']),
    };
    format!("{}e{power}", &text[..sign]).parse().ok()
}

fn number(digits: &str, radix: u32) -> Kind {
    i128::from_str_radix(digits, radix).map_or(Kind::Other, Kind::Number)
}

/// A number in words.
fn word(text: &str) -> Option<i128> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let text = text.to_lowercase();
    let mut sum: i128 = 0;
    for part in text.split(['-', ' ']).filter(|p| !p.is_empty()) {
        let one = ONES.iter().position(|w| *w == part);
        let ten = TENS.iter().position(|w| *w == part).map(|n| (n + 2) * 10);
        sum += i128::try_from(one.or(ten)?).ok()?;
    }
    Some(sum)
}

/// Words with which a writer says that he is not sure.
static HEDGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:maybe|perhaps|probably|possibly|i think|i guess|i believe|i suppose|i assume|not sure|unsure|not certain|i would say|i'd say|would guess|i'd guess|my guess|might|could be|could also|must be something|approximately|roughly|approx|don't know|do not know|no idea|or so|should be about|seems? to be)\b|\b(?:about|around)\s+\d+(?:\.\d+)?(?:[^\d.:]|[.:](?:\s|$)|$)|~\s*\d|\bca\.?[;\s]+\d").expect("the pattern is right")
});

/// Whether a text says that it is not sure.
pub fn hedged(text: &str) -> bool {
    HEDGE.is_match(text)
}

/// Whether a text begins with words that say that its writer is not sure.
pub fn hedges(text: &str) -> bool {
    HEDGE.find(text).is_some_and(|found| found.start() == 0)
}

/// Whether a dot ends `No` before a number.
fn numbered(before: &[u8], after: &[u8]) -> bool {
    let word = before.len() >= 2 && {
        let (rest, word) = before.split_at(before.len() - 2);
        let begins = rest.last().is_none_or(|b| !b.is_ascii_alphanumeric());
        begins && (word.eq_ignore_ascii_case(b"no") || word.eq_ignore_ascii_case(b"nr"))
    };
    word && after
        .trim_ascii_start()
        .first()
        .is_some_and(u8::is_ascii_digit)
}

/// Where the sentence around a place begins and ends.
pub fn sentence(text: &str, at: usize) -> Range<usize> {
    let stop = |i: usize, b: u8| -> bool {
        let next = text.as_bytes().get(i + 1);
        match b {
            b'\n' | b';' => true,
            // `No. 1` goes on.
            b'.' if numbered(&text.as_bytes()[..i], &text.as_bytes()[i + 1..]) => false,
            b'.' | b'!' | b'?' => next.is_none_or(|n| n.is_ascii_whitespace()),
            _ => false,
        }
    };
    let bytes = text.as_bytes();
    let at = at.min(bytes.len());
    let start = (0..at)
        .rev()
        .find(|i| stop(*i, bytes[*i]))
        .map_or(0, |i| i + 1);
    let end = (at..bytes.len())
        .find(|i| stop(*i, bytes[*i]))
        .map_or(bytes.len(), |i| i);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<i128> {
        tokens(text)
            .iter()
            .filter_map(|t| match t.kind {
                Kind::Number(n) => Some(n),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_number_is_a_whole_token() {
        assert_eq!(numbers("67"), [67]);
        assert_eq!(numbers("sixty-four bytes"), [64]);
        assert_eq!(numbers("0x14 bytes"), [20]);
        assert_eq!(numbers("08 00, Internet Protocol v4"), [0x800]);
        assert_eq!(numbers("at 13:11:27"), [] as [i128; 0]);
    }

    #[test]
    fn hardware_addresses_come_in_any_notation() {
        for text in [
            "08:00:27:1a:b8:5d",
            "08-00-27-1A-B8-5D",
            "0800.271a.b85d",
            "0800271AB85D",
            "8:0:27:1a:b8:5d",
        ] {
            let found = tokens(text);
            assert_eq!(
                found[0].kind,
                Kind::Mac([8, 0, 0x27, 0x1a, 0xb8, 0x5d]),
                "{text}"
            );
        }
    }

    #[test]
    fn what_comes_out_of_a_calculation_is_its_result() {
        let found = tokens("total length - header length = 84 - 20 = 62");
        let result: Vec<_> = found.iter().filter(|t| t.result).map(|t| &t.kind).collect();
        assert_eq!(result, [&Kind::Number(62)]);
    }
}
