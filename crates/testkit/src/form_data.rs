//! A `multipart/form-data` body, written by hand as browsers write it, so that tests can also write it wrong.

/// What stands between the parts.
const BOUNDARY: &str = "----standpipe-test-boundary";

/// A body of parts.
#[derive(Debug, Clone, Default)]
pub struct FormData(Vec<u8>);

impl FormData {
    /// With a text field.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.0.extend(head.as_bytes());
        self
    }

    /// With a file, of the type that its sender says.
    pub fn file(mut self, name: &str, file: &str, content_type: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
             Content-Type: {content_type}\r\n\r\n"
        );
        self.0.extend(head.as_bytes());
        self.0.extend(bytes);
        self.0.extend(b"\r\n");
        self
    }

    /// What a form of the browser for one picture sends.
    pub fn picture(bytes: &[u8]) -> Self {
        Self::default().file("avatar", "me.png", "image/png", bytes)
    }

    /// Its `Content-Type`.
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The whole body.
    pub fn body(&self) -> Vec<u8> {
        [self.0.as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }
}
