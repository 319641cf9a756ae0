//! A form's field: what was typed stays, what is wrong stands next to it.

/// The content of a field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// What is in the field.
    pub value: String,
    /// What is wrong with it and what to do, as one sentence.
    pub error: Option<String>,
}

impl Field {
    /// A field that holds `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: None,
        }
    }

    /// A field that was sent with `value` and refused.
    pub fn refused(value: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: Some(error.into()),
        }
    }

    /// What is wrong, for the template.
    pub fn problem(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

/// A line of the summary above a form in which several fields are wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The name of the field.
    pub field: &'static str,
    /// What its label says.
    pub label: &'static str,
    /// What is wrong with it.
    pub text: String,
}

/// The summary of `fields`: empty unless two or more are wrong, since one is plain enough next to its field.
pub(crate) fn summary(fields: &[(&'static str, &'static str, &Field)]) -> Vec<Problem> {
    let wrong = |(field, label, content): &(&'static str, &'static str, &Field)| {
        content.error.as_ref().map(|text| Problem {
            field,
            label,
            text: text.clone(),
        })
    };
    let problems: Vec<_> = fields.iter().filter_map(wrong).collect();
    if problems.len() > 1 { problems } else { Vec::new() }
}

/// A value that a form carries unseen, such as the id of a sign-in request.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// The name of the field.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_needs_no_summary_two_do() {
        let (good, bad) = (Field::new("a"), Field::refused("b", "Use less."));
        assert!(summary(&[("one", "One", &good), ("two", "Two", &bad)]).is_empty());
        let both = summary(&[("one", "One", &bad), ("two", "Two", &bad)]);
        assert_eq!(both.iter().map(|p| p.field).collect::<Vec<_>>(), ["one", "two"]);
    }
}
