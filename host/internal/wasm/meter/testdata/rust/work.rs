//! Work for benchmarks of the meter, of the kinds that testdata/work does in Go,
//! with the standard library alone: the kind and the amount are arguments, the
//! result is a digest of what came out.

use std::collections::{BTreeMap, HashMap};

/// In the order of their numbers.
const KINDS: [fn(u32) -> u64; 9] = [json, pattern, sha256, sort, markdown, compress, big, float, map];

#[no_mangle]
pub extern "C" fn work(kind: u32, amount: u32) -> u64 {
    KINDS[kind as usize](amount)
}

fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

// JSON: values are written, read back and written again.

enum Json {
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    fn put(&self, out: &mut String) {
        match self {
            Json::Number(n) => out.push_str(&n.to_string()),
            Json::Text(t) => put_text(t, out),
            Json::List(list) => {
                out.push('[');
                for (i, v) in list.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    v.put(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (i, (k, v)) in members.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    put_text(k, out);
                    out.push(':');
                    v.put(out);
                }
                out.push('}');
            }
        }
    }
}

fn put_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl Reader<'_> {
    fn value(&mut self) -> Json {
        match self.0.peek() {
            Some('{') => {
                let mut members = BTreeMap::new();
                self.items('}', |r| {
                    let key = r.text();
                    r.0.next(); // the colon
                    members.insert(key, r.value());
                });
                Json::Object(members)
            }
            Some('[') => {
                let mut list = Vec::new();
                self.items(']', |r| list.push(r.value()));
                Json::List(list)
            }
            Some('"') => Json::Text(self.text()),
            _ => {
                let mut digits = String::new();
                while let Some(c) = self.0.next_if(|c| c.is_ascii_digit() || "+-.e".contains(*c)) {
                    digits.push(c);
                }
                Json::Number(digits.parse().unwrap())
            }
        }
    }

    fn items(&mut self, close: char, mut item: impl FnMut(&mut Self)) {
        self.0.next();
        while self.0.next_if_eq(&close).is_none() {
            item(self);
            self.0.next_if_eq(&',');
        }
    }

    fn text(&mut self) -> String {
        self.0.next();
        let mut out = String::new();
        loop {
            match self.0.next().unwrap() {
                '"' => return out,
                '\\' => out.push(match self.0.next().unwrap() {
                    'n' => '\n',
                    c => c,
                }),
                c => out.push(c),
            }
        }
    }
}

fn record(i: u32) -> Json {
    let text = |t: &str| Json::Text(t.to_string());
    let attrs = [("k", "v"), ("l", "w")].iter().map(|(k, v)| (k.to_string(), text(v))).collect();
    Json::Object(BTreeMap::from([
        ("id".to_string(), Json::Number(f64::from(i))),
        ("name".to_string(), Json::Text(format!("name {}", i))),
        ("tags".to_string(), Json::List(vec![text("a"), text("b\n"), text("ü")])),
        ("score".to_string(), Json::Number(f64::from(i) / 7.0)),
        ("attrs".to_string(), Json::Object(attrs)),
    ]))
}

fn json(amount: u32) -> u64 {
    let mut last = String::new();
    for i in 0..amount {
        let (mut once, mut again) = (String::new(), String::new());
        Json::List(vec![record(i), record(i), record(i)]).put(&mut once);
        Reader(once.chars().peekable()).value().put(&mut again);
        last = again;
    }
    digest(last.as_bytes())
}

// A backtracking matcher of patterns: the parts of an expression, each repeated or not.

enum Part {
    Words,    // \w+
    Only(u8), // one character
    Either(Vec<&'static str>),
}

fn matches(parts: &[Part], text: &[u8]) -> Option<usize> {
    let (first, rest) = match parts.split_first() {
        Some(split) => split,
        None => return Some(0),
    };
    match first {
        Part::Only(c) => (text.first() == Some(c)).then(|| matches(rest, &text[1..]).map(|n| n + 1))?,
        Part::Either(all) => {
            let fits = |word: &&&str| text.starts_with(word.as_bytes()) && matches(rest, &text[word.len()..]).is_some();
            all.iter().find(fits).and_then(|word| matches(rest, &text[word.len()..]).map(|n| n + word.len()))
        }
        Part::Words => {
            let longest = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            (1..=longest).rev().find_map(|n| matches(rest, &text[n..]).map(|m| n + m))
        }
    }
}

fn pattern(amount: u32) -> u64 {
    let parts = [Part::Words, Part::Only(b'@'), Part::Words, Part::Only(b'.'), Part::Either(vec!["com", "org"])];
    let text = "write to someone@example.com or nobody@nowhere.org, not to a@b ".repeat(20).into_bytes();
    let mut out = Vec::new();
    for _ in 0..amount {
        out.clear();
        let mut at = 0;
        while at < text.len() {
            match matches(&parts, &text[at..]) {
                Some(n) => {
                    out.extend(text[at..at + n].iter().rev());
                    at += n;
                }
                None => {
                    out.push(text[at]);
                    at += 1;
                }
            }
        }
    }
    digest(&out)
}

// SHA-256, from FIPS 180-4.

/// The first 32 bits of the fractional parts of the roots of the first primes.
fn fractions(count: usize, root: fn(f64) -> f64) -> Vec<u32> {
    let primes = (2u32..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0));
    primes.take(count).map(|p| (root(f64::from(p)).fract() * 4_294_967_296.0) as u32).collect()
}

fn sha256(amount: u32) -> u64 {
    let (k, start) = (fractions(64, f64::cbrt), fractions(8, f64::sqrt));
    let mut block = [0u8; 4096];
    let mut sum = start.clone();
    for _ in 0..amount {
        for (place, word) in block.chunks_exact_mut(4).zip(&sum) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        sum = start.clone();
        for chunk in block.chunks_exact(64) {
            round(&k, &mut sum, chunk);
        }
    }
    digest(&sum.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<u8>>())
}

fn round(k: &[u32], sum: &mut [u32], chunk: &[u8]) {
    let mut w = [0u32; 64];
    for (word, bytes) in w.iter_mut().zip(chunk.chunks_exact(4)) {
        *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for i in 16..64 {
        let (a, b) = (w[i - 15], w[i - 2]);
        let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ a >> 3;
        let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ b >> 10;
        w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
    }
    let mut s = [0u32; 8];
    s.copy_from_slice(sum);
    for i in 0..64 {
        let s1 = s[4].rotate_right(6) ^ s[4].rotate_right(11) ^ s[4].rotate_right(25);
        let choice = s[4] & s[5] ^ !s[4] & s[6];
        let t1 = s[7].wrapping_add(s1).wrapping_add(choice).wrapping_add(k[i]).wrapping_add(w[i]);
        let s0 = s[0].rotate_right(2) ^ s[0].rotate_right(13) ^ s[0].rotate_right(22);
        let t2 = s0.wrapping_add(s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]);
        s = [t1.wrapping_add(t2), s[0], s[1], s[2], s[3].wrapping_add(t1), s[4], s[5], s[6]];
    }
    for (total, v) in sum.iter_mut().zip(s) {
        *total = total.wrapping_add(v);
    }
}

fn random(x: &mut u32) -> u32 {
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    *x
}

fn sort(amount: u32) -> u64 {
    let mut x = 1;
    let mut list: Vec<u32> = (0..amount).map(|_| random(&mut x)).collect();
    list.sort_by(|a, b| (a >> 1).cmp(&(b >> 1)));
    digest(&list.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

// Markdown, of the kind that a comment needs.

fn markdown(amount: u32) -> u64 {
    let text = "# Title\n\nSome *text* with `code`, a [link](http://example.com) and\n\n- one\n- two\n\n> quote\n\n".repeat(10);
    let mut out = String::new();
    for _ in 0..amount {
        out.clear();
        text.split("\n\n").for_each(|block| put_block(block, &mut out));
    }
    digest(out.as_bytes())
}

fn put_block(block: &str, out: &mut String) {
    let wrapped = |tag: &str, text: &str, out: &mut String| {
        out.push_str(&format!("<{}>", tag));
        put_inline(text, out);
        out.push_str(&format!("</{}>\n", tag));
    };
    if let Some(title) = block.strip_prefix("# ") {
        wrapped("h1", title, out)
    } else if let Some(quote) = block.strip_prefix("> ") {
        wrapped("blockquote", quote, out)
    } else if block.starts_with("- ") {
        out.push_str("<ul>");
        block.lines().for_each(|line| wrapped("li", line.trim_start_matches("- "), out));
        out.push_str("</ul>");
    } else {
        wrapped("p", block, out)
    }
}

fn put_inline(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| "*`[&<".contains(c)) {
        out.push_str(&rest[..at]);
        let (mark, after) = rest[at..].split_at(1);
        let (tag, close) = match mark {
            "*" => ("em", "*"),
            "`" => ("code", "`"),
            "[" => ("a", ")"),
            _ => ("", ""),
        };
        rest = match after.split_once(close).filter(|_| !tag.is_empty()) {
            Some((inside, after)) => {
                let (label, href) = inside.split_once("](").unwrap_or((inside, ""));
                out.push_str(&format!("<{0} href=\"{1}\">{2}</{0}>", tag, href, label));
                after
            }
            None => {
                out.push_str(if mark == "&" { "&amp;" } else { "&lt;" });
                after
            }
        };
    }
    out.push_str(rest);
}

// LZ77 with a table of hashes, as compressors do it, and back.

fn compress(amount: u32) -> u64 {
    let mut text = "the quick brown fox jumps over the lazy dog; pack my box with five dozen jugs. ".repeat(200).into_bytes();
    let mut back = Vec::new();
    for i in 0..amount as usize {
        let size = text.len();
        text[i % size] = text[i % size].wrapping_add(1);
        back = expand(&shrink(&text));
    }
    digest(&back)
}

/// Triples of the distance back, the length there, and the next byte.
fn shrink(text: &[u8]) -> Vec<(u16, u16, u8)> {
    let mut seen = vec![usize::MAX; 1 << 12];
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (mut distance, mut length) = (0, 0);
        if let Some(four) = text.get(at..at + 4) {
            let hash = u32::from_le_bytes([four[0], four[1], four[2], four[3]]).wrapping_mul(2_654_435_761) >> 20;
            let before = std::mem::replace(&mut seen[hash as usize], at);
            if before != usize::MAX && at - before < 1 << 16 {
                length = text[at..text.len() - 1].iter().zip(&text[before..]).take(258).take_while(|(a, b)| a == b).count();
                distance = if length > 0 { at - before } else { 0 };
            }
        }
        out.push((distance as u16, length as u16, text[at + length]));
        at += length + 1;
    }
    out
}

fn expand(packed: &[(u16, u16, u8)]) -> Vec<u8> {
    let mut out = Vec::new();
    for &(distance, length, next) in packed {
        for _ in 0..length {
            out.push(out[out.len() - distance as usize]);
        }
        out.push(next);
    }
    out
}

// A product of large numbers, digit by digit.

fn big(amount: u32) -> u64 {
    let mut x = 7;
    let (a, b): (Vec<u32>, Vec<u32>) = (0..64).map(|_| (random(&mut x), random(&mut x))).unzip();
    let mut product = a.clone();
    for _ in 0..amount {
        let mut next = vec![0u32; product.len() + b.len()];
        for (i, p) in product.iter().enumerate() {
            let mut carry = 0u64;
            for (j, q) in b.iter().enumerate() {
                let sum = u64::from(*p) * u64::from(*q) + u64::from(next[i + j]) + carry;
                next[i + j] = sum as u32;
                carry = sum >> 32;
            }
            next[i + b.len()] = carry as u32;
        }
        next.truncate(128);
        product = next;
    }
    digest(&product.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>())
}

fn float(amount: u32) -> u64 {
    let (mut x, mut y, mut z) = (1.0f64, 1.0f64, 1.0f64);
    for _ in 0..amount {
        let (dx, dy, dz) = (10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z);
        x += dx * 0.001;
        y += dy * 0.001;
        z += dz * 0.001;
    }
    (x * x + y * y + z * z).sqrt().to_bits()
}

fn map(amount: u32) -> u64 {
    let mut m = HashMap::new();
    for i in 0..amount {
        *m.entry(u64::from(i) * 7919 % u64::from(amount)).or_insert(0u64) += u64::from(i);
    }
    m.iter().fold(0, |sum, (k, v)| sum.wrapping_add(k * v))
}
