use super::*;
use crate::capture::Time;

/// What is found in a talk: who speaks (0 is the client), and what; a frame each.
fn talk(talk: Talk, pieces: &[(usize, &[u8])]) -> (Vec<Login>, bool) {
    let (mut parser, mut found) = (Parser::new(talk, 0), Logins::default());
    let mut tls = false;
    for ((side, bytes), frame) in pieces.iter().zip(1..) {
        let piece = Piece {
            stream: 0,
            side: *side,
            frame,
            carried_in: frame,
            carried_at: Time(0),
            time: Time(0),
            bytes,
            number: 0,
            acked: 0,
            heard: None,
            other_next: None,
            missing: 0,
        };
        tls |= parser.bytes(&piece, &mut found);
    }
    (found.list, tls)
}

type Told<'l> = (Option<&'l str>, &'l [u32], Option<(bool, u32)>);

fn told(logins: &[Login]) -> Vec<Told<'_>> {
    logins
        .iter()
        .map(|l| (l.user.as_deref(), l.frames.as_slice(), l.accepted))
        .collect()
}

#[test]
fn ftp_tells_whether_it_was_accepted_and_says_nothing_of_everybody() {
    let (found, _) = talk(
        Talk::Ftp,
        &[
            (1, b"220 hello\r\n"),
            (0, b"USER me\r\n"),
            (1, b"331 password\r\n"),
            (0, b"PASS pw\r\n"),
            (1, b"530 no\r\n"),
            (0, b"USER anonymous\r\n"),
            (1, b"331 mail address\r\n"),
            (0, b"PASS me@home\r\n"),
            (1, b"230 ok\r\n"),
        ],
    );
    assert_eq!(told(&found), [(Some("me"), &[2, 4][..], Some((false, 5)))]);
}

#[test]
fn tls_ends_what_can_be_read() {
    let agreed: &[(usize, &[u8])] = &[(0, b"AUTH TLS\r\n"), (1, b"234 go\r\n")];
    assert!(talk(Talk::Ftp, agreed).1);
    let refused: &[(usize, &[u8])] = &[(0, b"AUTH TLS\r\n"), (1, b"530 no\r\n")];
    assert!(!talk(Talk::Ftp, refused).1);
    assert!(talk(Talk::Pop, &[(0, b"STLS\r\n"), (1, b"+OK\r\n")]).1);
    assert!(talk(Talk::Imap, &[(0, b"a STARTTLS\r\n"), (1, b"a OK\r\n")]).1);
    assert!(talk(Talk::Smtp, &[(0, b"STARTTLS\r\n"), (1, b"220 go\r\n")]).1);
}

#[test]
fn a_terminal_is_asked_and_answers_letter_by_letter() {
    let (found, _) = talk(
        Talk::Telnet,
        &[
            (1, b"\xff\xfd\x01lab login: "),
            (0, b"m"),
            (1, b"m"),
            (0, b"e\r\0"),
            (1, b"e\r\nPassword: "),
            (0, b"p"),
            (0, b"w\r\0"),
            (1, b"\r\nWelcome\r\n$ "),
            (0, b"ls\r\0"),
        ],
    );
    assert_eq!(told(&found), [(Some("me"), &[2, 4, 6, 7][..], None)]);
    assert_eq!(found[0].password_frame, 6);
    // An empty line is no password.
    let empty: &[(usize, &[u8])] = &[(1, b"Password: "), (0, b"\r\0")];
    assert!(talk(Talk::Telnet, empty).0.is_empty());
}

#[test]
fn smtp_login_and_plain_in_base64_and_not_in_a_mail() {
    let (found, _) = talk(
        Talk::Smtp,
        &[
            (0, b"AUTH LOGIN\r\n"),
            (1, b"334 VXNlcm5hbWU6\r\n"),
            (0, b"bWU=\r\n"),
            (1, b"334 UGFzc3dvcmQ6\r\n"),
            (0, b"cHc=\r\n"),
            (1, b"235 ok\r\n"),
            (0, b"DATA\r\n"),
            (1, b"354 go\r\n"),
            (0, b"AUTH PLAIN AG1lAHB3\r\n.\r\n"),
            (0, b"AUTH PLAIN AG1lAHB3\r\n"),
            (1, b"535 no\r\n"),
        ],
    );
    let wanted = [
        (Some("me"), &[3, 5][..], Some((true, 6))),
        (Some("me"), &[10][..], Some((false, 11))),
    ];
    assert_eq!(told(&found), wanted);
}

#[test]
fn pop_and_imap() {
    let pop: &[(usize, &[u8])] = &[
        (0, b"USER me\r\n"),
        (1, b"+OK\r\n"),
        (0, b"PASS pw\r\n"),
        (1, b"+OK in\r\n"),
    ];
    let (found, _) = talk(Talk::Pop, pop);
    assert_eq!(told(&found), [(Some("me"), &[1, 3][..], Some((true, 4)))]);
    let imap: &[(usize, &[u8])] = &[
        (0, b"a1 LOGIN me \"pw\"\r\n"),
        (1, b"* CAPABILITY x\r\na1 NO\r\n"),
        (0, b"a2 AUTHENTICATE PLAIN\r\n"),
        (1, b"+ \r\n"),
        (0, b"AG1lAHB3\r\n"),
        (1, b"a2 OK\r\n"),
    ];
    let (found, _) = talk(Talk::Imap, imap);
    let wanted = [
        (Some("me"), &[1][..], Some((false, 2))),
        (Some("me"), &[5][..], Some((true, 6))),
    ];
    assert_eq!(told(&found), wanted);
}

#[test]
fn a_hole_forgets_what_was_under_way() {
    let (mut parser, mut found) = (Parser::new(Talk::Ftp, 0), Logins::default());
    let piece = |bytes, missing| Piece {
        stream: 0,
        side: 0,
        frame: 1,
        carried_in: 1,
        carried_at: Time(0),
        time: Time(0),
        bytes,
        number: 0,
        acked: 0,
        heard: None,
        other_next: None,
        missing,
    };
    parser.bytes(&piece(b"USER me\r\nPA", 3), &mut found);
    parser.bytes(&piece(b"SS pw\r\n", 0), &mut found);
    assert!(found.list.is_empty());
}

#[test]
fn ports_stand_for_those_who_speak() {
    let known = [
        (21, Talk::Ftp),
        (23, Talk::Telnet),
        (25, Talk::Smtp),
        (587, Talk::Smtp),
    ];
    for (port, talk) in known
        .into_iter()
        .chain([(110, Talk::Pop), (143, Talk::Imap)])
    {
        assert_eq!(Talk::by_port(port), Some(talk));
    }
    assert_eq!(Talk::by_port(80), None);
}

#[test]
fn every_user_of_ftp_but_everybody() {
    let user = |name: &str| {
        let line = format!("user {name}\r\npass pw\r\n");
        let (found, _) = talk(Talk::Ftp, &[(0, line.as_bytes())]);
        found.len()
    };
    assert_eq!(
        [user("Anonymous"), user("FTP"), user("ftpx"), user("")],
        [0, 0, 1, 1]
    );
    // Elsewhere they are names like any.
    let (found, _) = talk(Talk::Pop, &[(0, b"USER ftp\r\nPASS pw\r\n")]);
    assert_eq!(told(&found), [(Some("ftp"), &[1][..], None)]);
    let (found, _) = talk(
        Talk::Ftp,
        &[(0, b"USER me\r\nPASS\r\n"), (0, b"PASS pw\r\n")],
    );
    assert_eq!(told(&found), [(None, &[2][..], None)]);
}

#[test]
fn only_the_last_line_of_a_reply_counts() {
    let login: (usize, &[u8]) = (0, b"USER me\r\nPASS pw\r\n");
    let accepted = |reply: &[u8]| {
        let (found, _) = talk(Talk::Ftp, &[login, (1, reply)]);
        found[0].accepted.map(|a| a.0)
    };
    assert_eq!(accepted(b"230-welcome\r\n"), None);
    assert_eq!(accepted(b"230-no\r\n530 no\r\n"), Some(false));
    assert_eq!(accepted(b"230 welcome\r\n530 no\r\n"), Some(true));
    assert_eq!(accepted(b"331 go on\r\n"), None);
    assert_eq!(accepted(b"421 later\r\n"), Some(false));
    // An untagged line of IMAP answers nothing, and a tagged one by its second word.
    let accepted = |reply: &[u8]| {
        let (found, _) = talk(Talk::Imap, &[(0, b"a1 LOGIN me pw\r\n"), (1, reply)]);
        found[0].accepted.map(|a| a.0)
    };
    assert_eq!(accepted(b"* OK still here\r\n"), None);
    assert_eq!(accepted(b"a1 OK\r\n"), Some(true));
    assert_eq!(accepted(b"a1 BAD what\r\n"), Some(false));
    assert_eq!(accepted(b"OK\r\n"), None);
    let accepted = |reply: &[u8]| {
        let (found, _) = talk(Talk::Pop, &[(0, b"USER me\r\nPASS pw\r\n"), (1, reply)]);
        found[0].accepted.map(|a| a.0)
    };
    assert_eq!(accepted(b"-ERR no\r\n"), Some(false));
    assert_eq!(accepted(b"+OK\r\n"), Some(true));
    assert_eq!(accepted(b"OK\r\n"), None);
}

#[test]
fn a_line_in_pieces_has_the_frames_of_all_of_them() {
    let pieces: &[(usize, &[u8])] = &[
        (0, b"US"),
        (0, b"ER m"),
        (0, b"e\r\nPA"),
        (0, b"SS p"),
        (0, b"w\r\n"),
    ];
    let (found, _) = talk(Talk::Ftp, pieces);
    assert_eq!(told(&found), [(Some("me"), &[1, 2, 3, 4, 5][..], None)]);
    assert_eq!(found[0].password_frame, 3);
    // So many frames, and no more.
    let mut pieces: Vec<(usize, &[u8])> = vec![(0, b"PASS ")];
    pieces.extend([(0, &b"x"[..]); MOST_FRAMES + 10]);
    pieces.push((0, b"\r\n"));
    let (found, _) = talk(Talk::Ftp, &pieces);
    assert_eq!(found[0].frames.len(), MOST_FRAMES);
}

#[test]
fn a_line_that_is_too_long_says_nothing() {
    let line = |length: usize| {
        let mut line = b"PASS ".to_vec();
        line.resize(length - 2, b'x');
        line.extend(b"\r\n");
        talk(Talk::Ftp, &[(0, &line)]).0.len()
    };
    assert_eq!((line(LONGEST), line(LONGEST + 1)), (1, 0));
}

#[test]
fn prompts_of_terminals() {
    let typed = |prompts: [&str; 2]| {
        let (found, _) = talk(
            Talk::Telnet,
            &[
                (1, prompts[0].as_bytes()),
                (0, b"me\r\n"),
                (1, prompts[1].as_bytes()),
                (0, b"pw\r\n"),
            ],
        );
        found.first().map(|l| l.user.clone())
    };
    let me = Some(Some("me".to_owned()));
    assert_eq!(typed(["login: ", "Password: "]), me);
    assert_eq!(typed(["Username:", "PASSWORD:"]), me);
    assert_eq!(typed(["login: \r\n", "Password: "]), Some(None));
    assert_eq!(typed(["login: ", "what: "]), None);
    // What the client types is no prompt.
    let own: &[(usize, &[u8])] = &[(0, b"password:"), (0, b"\r\n"), (0, b"x\r\n")];
    assert!(talk(Talk::Telnet, own).0.is_empty());
}

#[test]
fn ways_that_are_begun_and_given_up() {
    // The name comes with the command, the password is asked for.
    let named: &[(usize, &[u8])] = &[
        (0, b"AUTH LOGIN bWU=\r\n"),
        (1, b"334 UGFzc3dvcmQ6\r\n"),
        (0, b"cHc=\r\n"),
    ];
    let (found, _) = talk(Talk::Smtp, named);
    assert_eq!(told(&found), [(Some("me"), &[1, 3][..], None)]);
    assert!(found[0].encoded);
    // No consent of the server: what follows is a command.
    let refused: &[(usize, &[u8])] = &[
        (0, b"AUTH PLAIN\r\n"),
        (1, b"504 no\r\n"),
        (0, b"AG1lAHB3\r\n"),
    ];
    assert!(talk(Talk::Smtp, refused).0.is_empty());
    let pop: &[(usize, &[u8])] = &[(0, b"AUTH PLAIN\r\n"), (1, b"+\r\n"), (0, b"AG1lAHB3\r\n")];
    assert_eq!(talk(Talk::Pop, pop).0.len(), 1);
    let given_up: &[(usize, &[u8])] = &[(0, b"AUTH PLAIN\r\n"), (1, b"334 \r\n"), (0, b"*\r\n")];
    assert!(talk(Talk::Smtp, given_up).0.is_empty());
    // A name without a password, and no zeros at all.
    assert!(
        talk(Talk::Smtp, &[(0, b"AUTH PLAIN AG1l\r\n")])
            .0
            .is_empty()
    );
    assert!(
        talk(Talk::Smtp, &[(0, b"AUTH CRAM-MD5 AG1lAHB3\r\n")])
            .0
            .is_empty()
    );
    // A literal of IMAP is not the password.
    assert!(talk(Talk::Imap, &[(0, b"a LOGIN me {2}\r\n")]).0.is_empty());
    let quoted: &[(usize, &[u8])] = &[(0, b"a LOGIN \"me\" \"pw\"\r\n")];
    assert_eq!(
        told(&talk(Talk::Imap, quoted).0),
        [(Some("me"), &[1][..], None)]
    );
}

#[test]
fn tls_follows_only_what_asked_for_it() {
    let tls = |speaks, pieces: &[(usize, &[u8])]| talk(speaks, pieces).1;
    assert!(tls(Talk::Ftp, &[(0, b"AUTH SSL\r\n"), (1, b"234 go\r\n")]));
    assert!(!tls(
        Talk::Ftp,
        &[(0, b"AUTH GSSAPI\r\n"), (1, b"234 go\r\n")]
    ));
    assert!(!tls(
        Talk::Ftp,
        &[(0, b"AUTH TLS\r\n"), (0, b"NOOP\r\n"), (1, b"234 go\r\n")]
    ));
    assert!(!tls(Talk::Pop, &[(0, b"STLS\r\n"), (1, b"-ERR no\r\n")]));
    assert!(!tls(Talk::Smtp, &[(0, b"EHLO me\r\n"), (1, b"220 go\r\n")]));
    assert!(!tls(
        Talk::Imap,
        &[(0, b"a STARTTLS\r\n"), (1, b"a NO\r\n")]
    ));
    assert!(!tls(Talk::Ftp, &[(0, b"STARTTLS\r\n"), (1, b"220 go\r\n")]));
    assert!(!tls(Talk::Smtp, &[(0, b"STLS\r\n"), (1, b"220 go\r\n")]));
}
