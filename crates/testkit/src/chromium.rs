//! A real browser: Debian's Chromium, headless, driven by its chromedriver, both of this test alone.

use std::{
    io::{BufRead, BufReader},
    ops::Deref,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use thirtyfour::{By, ChromiumLikeCapabilities, DesiredCapabilities, ElementId, WebDriver};

use crate::{callers::install_tls, has, parts::find, until};

/// How long a page may take to open.
const PATIENCE: Duration = Duration::from_secs(30);

/// What keeps a browser quiet and small where it may be root and the network is closed.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
];

/// A browser window. It derefs to thirtyfour's [`WebDriver`]; both end when it is dropped.
pub struct Chromium {
    window: WebDriver,
    _driver: Driver,
}

/// chromedriver, and whatever it started.
struct Driver {
    process: Child,
    _profile: TempDir,
}

impl Chromium {
    /// A window of this size in pixels, light or dark; `None` where the run goes without a browser.
    pub async fn start(width: u32, height: u32, dark: bool) -> Option<Self> {
        if !has("browser") {
            return None;
        }
        install_tls();
        let profile = tempfile::tempdir().expect("a directory");
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag).expect("a flag");
        }
        wanted
            .add_arg(&format!("--window-size={width},{height}"))
            .expect("a flag");
        wanted
            .add_arg(&format!("--user-data-dir={}", profile.path().display()))
            .expect("a flag");
        if dark {
            wanted.add_arg("--force-dark-mode").expect("a flag");
            wanted
                .add_arg("--blink-settings=preferredColorScheme=0")
                .expect("a flag");
        }
        wanted
            .set_binary(find("chromium").expect("chromium").to_str().expect("text"))
            .expect("a path");
        let (driver, port) = Driver::start(profile);
        let window = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .expect("a window");
        Some(Self {
            window,
            _driver: driver,
        })
    }

    /// Writes what the window shows to `path`, as PNG.
    pub async fn screenshot_to(&self, path: &Path) {
        self.window.screenshot(path).await.expect("a screenshot");
    }

    /// Goes to `url`, and waits until the window shows it. A page with `Cross-Origin-Opener-Policy` gets a browsing context
    /// of its own, and chromedriver may say that it is open while the window is still at the page before.
    pub async fn show(&self, url: &str) {
        let before = self.document().await;
        self.window.goto(url).await.expect(url);
        until(url, PATIENCE, async || {
            let after = self.document().await?;
            (before.as_ref() != Some(&after)).then_some(())
        })
        .await;
    }

    /// What tells the document that the window shows from all others.
    async fn document(&self) -> Option<ElementId> {
        let root = self.window.find(By::Tag("html")).await.ok()?;
        Some(root.element_id())
    }

    /// Ends it in order.
    pub async fn quit(self) {
        let _ = self.window.clone().quit().await;
    }
}

impl Drop for Chromium {
    /// A window that a failing test leaves behind ends with its chromedriver. thirtyfour would ask it to close, on a thread
    /// for which it keeps the test's own from noticing that nobody answers.
    fn drop(&mut self) {
        // The error is that it was closed in order.
        let _ = self.window.clone().leak();
    }
}

impl Deref for Chromium {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.window
    }
}

impl Driver {
    fn start(profile: TempDir) -> (Self, u16) {
        let mut process = Command::new(find("chromedriver").expect("chromedriver"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // What it starts is in its group, and ends with it.
            .process_group(0)
            .spawn()
            .expect("chromedriver runs");
        let lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let driver = Self {
            process,
            _profile: profile,
        };
        (driver, port.expect("chromedriver says its port"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw) {
            // The error is that it is gone.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.process.wait();
    }
}
