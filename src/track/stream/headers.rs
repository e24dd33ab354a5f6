//! The header fields of HTTP that facts are made of.

/// The header fields that matter here.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    /// The body is sent when the server asks for it, if at all (RFC 9110 §10.1.1).
    pub(super) expects: bool,
    /// There may be more: the head is cut in the capture.
    pub(super) cut: bool,
    pub(super) host: Option<&'a [u8]>,
    pub(super) date: Option<&'a [u8]>,
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) location: Option<&'a [u8]>,
    pub(super) agent: Option<&'a [u8]>,
    pub(super) server: Option<&'a [u8]>,
    /// Who the client tells a proxy it is.
    pub(super) proxy: Option<&'a [u8]>,
    /// Those of [`RARE`], in their order.
    pub(super) rare: [Option<&'a [u8]>; RARE.len()],
}

/// Header fields that few messages have, or that repeat: kept aside.
pub(super) const RARE: [&str; 10] = [
    "accept-language",
    "if-modified-since",
    "if-none-match",
    "authorization",
    "cookie",
    "last-modified",
    "etag",
    "set-cookie",
    "www-authenticate",
    "connection",
];

/// Place of the authorization in [`RARE`].
pub(super) const AUTHORIZATION: usize = 3;

impl<'a> Fields<'a> {
    pub(super) fn read(lines: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Fields<'a> {
        let mut fields = Fields::default();
        for (name, value) in lines {
            // The length of the name decides most comparisons at once.
            match name.len() {
                4 if name.eq_ignore_ascii_case(b"host") => fields.host = Some(value),
                6 if name.eq_ignore_ascii_case(b"server") => fields.server = Some(value),
                6 if name.eq_ignore_ascii_case(b"expect") => {
                    fields.expects = value.eq_ignore_ascii_case(b"100-continue");
                }
                8 if name.eq_ignore_ascii_case(b"location") => fields.location = Some(value),
                10 if name.eq_ignore_ascii_case(b"user-agent") => fields.agent = Some(value),
                12 if name.eq_ignore_ascii_case(b"content-type") => {
                    fields.content_type = Some(value)
                }
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    fields.length = std::str::from_utf8(value)
                        .ok()
                        .and_then(|v| v.trim().parse().ok());
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    fields.chunked = value
                        .to_ascii_lowercase()
                        .windows(7)
                        .any(|w| w == b"chunked");
                }
                19 if name.eq_ignore_ascii_case(b"proxy-authorization") => {
                    fields.proxy = Some(value);
                }
                4 if name.eq_ignore_ascii_case(b"etag") => fields.rare(name, value),
                4 if name.eq_ignore_ascii_case(b"date") => fields.date = Some(value),
                6.. => fields.rare(name, value),
                _ => {}
            }
        }
        fields
    }

    /// The rare ones of a request: its Connection header is not the response's, which is told.
    pub(super) fn asked(&self) -> [Option<&'a [u8]>; RARE.len()] {
        let [rest @ .., _] = self.rare;
        let mut asked = [None; RARE.len()];
        asked[..rest.len()].copy_from_slice(&rest);
        asked
    }

    fn rare(&mut self, name: &[u8], value: &'a [u8]) {
        let place = RARE
            .iter()
            .position(|rare| name.eq_ignore_ascii_case(rare.as_bytes()));
        if let Some(place) = place {
            self.rare[place].get_or_insert(value);
        }
    }
}
