//! What varies from student to student: the same seed gives the same values.
//!
//! A parameter is a text, which may contain earlier parameters in braces, or a table: `is`, the
//! value without a seed, and how it varies: `from`/`to` (a number), `one_of` (a list), or
//! `vary = "mac"` (a hardware address that keeps its maker's three bytes).
//!
//! The value depends on the seed and on the parameter's name alone, so that a lab can get further
//! parameters and the old ones keep their values.

use std::collections::BTreeMap;

/// One parameter as the lab's file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value without a seed; may contain earlier parameters.
    pub is: String,
    /// How it varies.
    pub varies: Varies,
}

/// How a parameter varies with the seed.
#[derive(Clone, Debug, PartialEq)]
pub enum Varies {
    /// Not at all.
    Never,
    /// A number of this range, both ends included.
    Number(u64, u64),
    /// One of these.
    OneOf(Vec<String>),
    /// The last three bytes of a hardware address.
    Mac,
}

/// Reads a lab's table of parameters; an error says which is wrong and what would be right.
pub fn read(table: &toml::Table) -> Result<Vec<Parameter>, (String, String)> {
    let mut found: Vec<Parameter> = Vec::new();
    for (name, value) in table {
        let parameter = Parameter {
            name: name.clone(),
            ..one(value).map_err(|what| (name.clone(), what))?
        };
        for used in names_in(&parameter.is) {
            if !found.iter().any(|earlier| earlier.name == used) {
                return Err((name.clone(), format!("{used} is no parameter above it")));
            }
        }
        found.push(parameter);
    }
    Ok(found)
}

fn one(value: &toml::Value) -> Result<Parameter, String> {
    const SHAPE: &str = "a text is needed, or { is = …, from = …, to = … }, { is = …, one_of = […] }, { is = …, vary = \"mac\" }";
    let made = |is: String, varies| Parameter {
        name: String::new(),
        is,
        varies,
    };
    let table = match value {
        toml::Value::String(text) => return Ok(made(text.clone(), Varies::Never)),
        toml::Value::Integer(number) => return Ok(made(number.to_string(), Varies::Never)),
        toml::Value::Float(number) => return Ok(made(number.to_string(), Varies::Never)),
        toml::Value::Table(table) => table,
        _ => return Err(SHAPE.to_owned()),
    };
    let text = |name: &str| match table.get(name) {
        Some(toml::Value::String(text)) => Some(text.clone()),
        Some(toml::Value::Integer(number)) => Some(number.to_string()),
        _ => None,
    };
    let is = text("is").ok_or(SHAPE)?;
    let number = |name: &str| table.get(name).and_then(toml::Value::as_integer);
    let varies = match (
        number("from"),
        number("to"),
        table.get("one_of"),
        text("vary"),
    ) {
        (Some(from), Some(to), None, None) => {
            let from = u64::try_from(from).map_err(|_| "from is below 0")?;
            let to = u64::try_from(to).map_err(|_| "to is below 0")?;
            if from > to {
                return Err("from is larger than to".to_owned());
            }
            Varies::Number(from, to)
        }
        (None, None, Some(toml::Value::Array(list)), None) if !list.is_empty() => {
            let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
            Varies::OneOf(
                texts
                    .collect::<Option<_>>()
                    .ok_or("one_of is a list of texts")?,
            )
        }
        (None, None, None, Some(mac)) if mac == "mac" && is.len() == 17 => Varies::Mac,
        _ => return Err(SHAPE.to_owned()),
    };
    Ok(made(is, varies))
}

/// The values of all parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    values: BTreeMap<String, String>,
    order: Vec<String>,
}

impl Values {
    /// The values for a seed; without one, those of the file.
    pub fn new(parameters: &[Parameter], seed: Option<u64>) -> Values {
        Values::with(parameters, seed, &[])
    }

    /// The values for a seed, some of them chosen; what is made of those follows.
    pub fn with(parameters: &[Parameter], seed: Option<u64>, chosen: &[(&str, &str)]) -> Values {
        let mut values = Values::default();
        for parameter in parameters {
            let name = &parameter.name;
            let is = values.fill(&parameter.is);
            let value = match (chosen.iter().find(|(own, _)| own == name), seed) {
                (Some((_, value)), _) => (*value).to_owned(),
                (None, None) => is,
                (None, Some(seed)) => parameter.vary(is, draw(seed, name)),
            };
            values.values.insert(name.clone(), value);
            values.order.push(name.clone());
        }
        values
    }

    /// `text` with the values in place of `{names}`.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next_name(rest) {
            filled.push_str(before);
            match self.values.get(name) {
                Some(value) => filled.push_str(value),
                None => filled.push_str(&format!("{{{name}}}")),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// Names and values, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.order
            .iter()
            .map(|name| (name.as_str(), self.values[name].as_str()))
    }
}

impl Parameter {
    fn vary(&self, is: String, drawn: u64) -> String {
        match &self.varies {
            Varies::Never => is,
            Varies::Number(from, to) => (from + drawn % (to - from + 1)).to_string(),
            Varies::OneOf(texts) => texts[drawn as usize % texts.len()].clone(),
            Varies::Mac => {
                let [_, _, _, _, _, a, b, c] = drawn.to_be_bytes();
                let maker = is.get(..8).unwrap_or("02:00:00");
                format!("{maker}:{a:02x}:{b:02x}:{c:02x}")
            }
        }
    }
}

/// The names in braces in a text.
pub fn names_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = next_name(rest) {
        names.push(name);
        rest = after;
    }
    names
}

/// What is before the next name in braces, the name, and what is after it. Braces around
/// anything but a name are text.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let close = open + text.get(open..)?.find('}')?;
        let name = &text[open + 1..close];
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.is_empty() && name.chars().all(is_name) {
            return Some((&text[..open], name, &text[close + 1..]));
        }
        from = open + 1;
    }
}

/// 64 bits that depend on the seed and the name: FNV-1a, then the finish of splitmix64.
fn draw(seed: u64, name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_be_bytes().into_iter().chain(name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut mixed = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Result<Vec<Parameter>, (String, String)> {
        read(&text.parse().unwrap())
    }

    const SOME: &str = r#"
        net = { is = "6", from = 1, to = 250 }
        client = "10.0.{net}.11"
        mac = { is = "08:00:27:a0:73:e5", vary = "mac" }
        word = { is = "one", one_of = ["one", "two", "three"] }
    "#;

    #[test]
    fn without_a_seed_the_handouts_own_values_hold() {
        let values = Values::new(&parameters(SOME).unwrap(), None);
        assert_eq!(
            values.fill("{client} {mac} {word} {}"),
            "10.0.6.11 08:00:27:a0:73:e5 one {}"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_and_seeds_differ() {
        let parameters = parameters(SOME).unwrap();
        let of = |seed| Values::new(&parameters, Some(seed));
        assert_eq!(of(7), of(7));
        let different: std::collections::BTreeSet<String> = (0..50)
            .map(|seed| of(seed).fill("{client} {mac} {word}"))
            .collect();
        assert_eq!(different.len(), 50);
        assert!(of(7).fill("{mac}").starts_with("08:00:27:"));
        // Students' files must not change with a new version.
        assert_eq!(
            of(7).fill("{client} {mac} {word}"),
            "10.0.108.11 08:00:27:07:67:d0 two"
        );
    }

    #[test]
    fn what_is_no_parameter_is_told() {
        assert!(
            parameters("a = '{b}'\nb = 'x'")
                .unwrap_err()
                .1
                .contains("b is no parameter above")
        );
        assert!(parameters("a = { is = '1', from = 5, to = 2 }").is_err());
        assert!(parameters("a = { is = '1', one_of = [] }").is_err());
        assert!(parameters("a = [1]").is_err());
    }
}
