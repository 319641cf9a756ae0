//! Putting the configuration together: the sample, a file, the environment, flags. The later wins.

use std::path::PathBuf;

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind as ErrorKind,
    providers::{Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use url::Url;

use super::{
    Config, SAMPLE,
    keys::{self, KEYS, Kind},
};
use crate::{Error, Result};

/// The file that is read where no other is named.
const USUAL_FILE: &str = "standpipe.toml";
const SAMPLE_NAME: &str = "the defaults";

/// What the configuration is put together from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// The directory in which `standpipe.toml` is looked for when no file is named.
    pub directory: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Flags: key, flag and value.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// A configuration, and where each value came from.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration, within all rules.
    pub config: Config,
    figment: Figment,
}

/// One value from outside a file.
struct Given {
    from: String,
    name: &'static str,
    value: Value,
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.from.clone())
    }

    fn data(&self) -> std::result::Result<Map<Profile, Dict>, figment::Error> {
        Serialized::default(self.name, &self.value).data()
    }
}

impl Config {
    /// Puts the configuration together and holds it to the rules.
    pub fn load(sources: &Sources) -> Result<Loaded> {
        let mut figment = Figment::from(Named(SAMPLE_NAME, Toml::string(SAMPLE)));
        if let Some(file) = file(sources)? {
            figment = figment.merge(Toml::file_exact(file));
        }
        for key in KEYS {
            let given = sources.variables.iter().find(|(name, _)| name == key.variable);
            // An empty variable is one that a script could not leave out.
            if let Some((variable, text)) = given.filter(|(_, text)| !text.is_empty()) {
                figment = figment.merge(Given {
                    from: format!("the environment variable {variable}"),
                    name: key.name,
                    value: value(key.kind, text),
                });
            }
        }
        for (name, flag, text) in &sources.flags {
            let kind = keys::find(name).map_or(Kind::Text, |key| key.kind);
            figment = figment.merge(Given {
                from: (*flag).to_owned(),
                name,
                value: value(kind, text),
            });
        }
        let config: Config = figment
            .extract()
            .map_err(|errors| Error::Config(errors.into_iter().map(|error| line(&error)).collect()))?;
        config.check()?;
        Ok(Loaded { config, figment })
    }
}

/// A provider under another name.
struct Named<P>(&'static str, P);

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }

    fn data(&self) -> std::result::Result<Map<Profile, Dict>, figment::Error> {
        self.1.data()
    }
}

fn file(sources: &Sources) -> Result<Option<PathBuf>> {
    if let Some(file) = &sources.file {
        // figment takes a missing file for an empty one.
        std::fs::metadata(file).map_err(Error::file("read", file))?;
        return Ok(Some(file.clone()));
    }
    let usual = sources
        .directory
        .as_ref()
        .map(|directory| directory.join(USUAL_FILE));
    Ok(usual.filter(|file| file.exists()))
}

fn value(kind: Kind, text: &str) -> Value {
    match kind {
        // A text that cannot be read otherwise is itself.
        Kind::Value => text.parse().unwrap_or_else(|_| Value::from(text)),
        Kind::Text | Kind::Secret => Value::from(text),
    }
}

/// One mistake as a line: which key, what is wrong, where it was written.
fn line(error: &figment::Error) -> String {
    let path = error.path.join(".");
    let key = match &error.kind {
        ErrorKind::UnknownField(name, _) if !path.is_empty() && !path.ends_with(name.as_str()) => {
            format!("{path}.{name}")
        }
        ErrorKind::UnknownField(name, _) if path.is_empty() => name.clone(),
        _ if path.is_empty() => "configuration".to_owned(),
        _ => path,
    };
    let secret = keys::find(&key).is_some_and(|key| key.kind == Kind::Secret);
    let wrong = match &error.kind {
        ErrorKind::UnknownField(_, known) => {
            format!("there is no such key; there are: {}", known.join(", "))
        }
        ErrorKind::MissingField(_) => "a value is missing".to_owned(),
        _ if secret => "not a text".to_owned(),
        other => other.to_string(),
    };
    let origin = error.metadata.as_ref().map(|metadata| match &metadata.source {
        Some(source) => format!(" (in {source})"),
        None => format!(" (from {})", metadata.name),
    });
    format!("{key}: {wrong}{}", origin.unwrap_or_default())
}

impl Loaded {
    /// Every key with its value and where that came from, as a file that could be read again; secrets are masked.
    pub fn print(&self) -> String {
        KEYS.iter().map(|key| self.print_key(key)).collect()
    }

    fn print_key(&self, key: &keys::Key) -> String {
        let Ok(value) = self.figment.find_value(key.name) else {
            return format!("# {} is not set\n", key.name);
        };
        let origin = match self.figment.find_metadata(key.name) {
            Some(metadata) if metadata.name == SAMPLE_NAME => String::new(),
            Some(metadata) => match &metadata.source {
                Some(source) => format!("  # {source}"),
                None => format!("  # {}", metadata.name),
            },
            None => String::new(),
        };
        let value = match value.as_str() {
            Some(text) if key.kind == Kind::Secret => quoted(&masked(text)),
            _ => toml(&value),
        };
        format!("{} = {value}{origin}\n", key.name)
    }
}

/// A URL without its password, and without its query, where one may stand too; a text that is no URL is all secret.
fn masked(text: &str) -> String {
    const MASK: &str = "***";
    let Ok(mut url) = Url::parse(text) else {
        return MASK.to_owned();
    };
    if url.password().is_some() {
        // A URL that has a password takes another.
        let _ = url.set_password(Some(MASK));
    }
    url.set_query(url.query().map(|_| MASK));
    url.to_string()
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => quoted(text),
        Value::Array(_, items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, dict) => {
            let pairs: Vec<String> = dict
                .iter()
                .map(|(name, value)| format!("{} = {}", quoted(name), toml(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map(|number| number.to_string())
            .or_else(|| number.to_u128().map(|number| number.to_string()))
            .or_else(|| number.to_f64().map(|number| number.to_string()))
            .unwrap_or_default(),
        Value::Char(_, char) => quoted(&char.to_string()),
        Value::Empty(..) => quoted(""),
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
