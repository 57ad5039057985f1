//! Calls out, as far as the class is granted.
//!
//! ```ignore
//! let response = Request::post("https://api.example.com/orders")
//!     .credential("orders")
//!     .json(&order)
//!     .send()?;
//! if response.status == 429 {
//!     return Err(Error::retry("the shop is busy"));
//! }
//! let receipt: Receipt = response.json()?;
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{host, json_struct, Error, FromJson, Json, Mismatch, Result, ToJson};

/// A request that is not sent yet.
#[derive(Clone, Debug)]
pub struct Request {
    head: Head,
    body: Vec<u8>,
}

json_struct! {
    #[derive(Clone, Debug)]
    struct Head {
        method: String,
        url: String,
        headers: BTreeMap<String, Vec<String>>,
        credential: Option<String>,
        timeout_ms: Option<u64>,
        follow_redirects: Option<bool>,
    }

    struct Answer {
        status: Option<u16>,
        url: Option<String>,
        headers: Option<BTreeMap<String, Vec<String>>>,
        error: Option<Refusal>,
    }

    struct Refusal {
        code: String,
        message: String,
    }
}

impl Request {
    /// A request of any method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Request {
        let headers = BTreeMap::new();
        let head =
            Head { method: method.into(), url: url.into(), headers, credential: None, timeout_ms: None, follow_redirects: None };
        Request { head, body: Vec::new() }
    }

    /// A GET request.
    pub fn get(url: impl Into<String>) -> Request {
        Request::new("GET", url)
    }

    /// A POST request.
    pub fn post(url: impl Into<String>) -> Request {
        Request::new("POST", url)
    }

    /// Adds a header; one name may have several values.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.head.headers.entry(name.to_string()).or_default().push(value.into());
        self
    }

    /// Names a credential that is bound to the class. The host adds its value,
    /// which the plugin never sees.
    pub fn credential(mut self, name: impl Into<String>) -> Request {
        self.head.credential = Some(name.into());
        self
    }

    /// Gives up after that time; otherwise only the attempt's deadline ends it.
    pub fn timeout(mut self, limit: Duration) -> Request {
        self.head.timeout_ms = Some(limit.as_millis() as u64);
        self
    }

    /// Follows redirects, each as far as it is granted; otherwise a redirect is the response.
    pub fn follow_redirects(mut self) -> Request {
        self.head.follow_redirects = Some(true);
        self
    }

    /// Sends these bytes.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }

    /// Sends a value as JSON.
    pub fn json(self, value: &impl ToJson) -> Request {
        let body = value.to_json().to_string();
        self.header("content-type", "application/json").body(body)
    }

    /// Sends the request and waits for the response. The code of an error is
    /// `http_denied`, `http_invalid`, `http_failed` or `http_secret`.
    pub fn send(self) -> Result<Response> {
        let head = self.head.to_json().to_string();
        let size = (head.len() as u32).to_le_bytes();
        Response::decode(host::http(&[&size[..], head.as_bytes(), &self.body].concat()))
    }
}

/// The answer to a request, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// After redirects.
    pub url: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, Vec<String>>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Response {
    fn decode(document: Vec<u8>) -> Result<Response> {
        let (head, body) = split(&document).ok_or_else(|| broken("it is cut short"))?;
        let text = std::str::from_utf8(head).map_err(broken)?;
        let answer = Answer::from_json(Json::parse(text).map_err(broken)?).map_err(broken)?;
        match answer {
            Answer { error: Some(e), .. } => Err(Error::retry(e.message).with_code(e.code)),
            Answer { status: None, .. } => Err(broken("it has no status")),
            Answer { status: Some(status), url, headers, .. } => {
                Ok(Response { status, url: url.unwrap_or_default(), headers: headers.unwrap_or_default(), body: body.to_vec() })
            }
        }
    }

    /// The first header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.first()?)
    }

    /// The body as text; what is no UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, by type.
    pub fn json<T: FromJson>(&self) -> std::result::Result<T, Mismatch> {
        let text = std::str::from_utf8(&self.body).map_err(|e| Mismatch::new(format!("is no text: {}", e)))?;
        T::from_json(Json::parse(text).map_err(|e| Mismatch::new(format!("is no JSON: {}", e)))?)
    }
}

/// The head of a document, and its body.
fn split(document: &[u8]) -> Option<(&[u8], &[u8])> {
    let size = document.get(..4)?;
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
    let rest = &document[4..];
    (size <= rest.len()).then(|| rest.split_at(size))
}

fn broken(cause: impl std::fmt::Display) -> Error {
    let message = format!("the host's answer is no response, {}: rebuild the plugin with the SDK of the host's release", cause);
    Error::retry(message).with_code("http_failed")
}
