//! Examples of bodies, made of the examples of their fields.

use serde_json::Value;

/// The deepest that a schema is followed: none is deeper.
const DEEPEST: usize = 8;

/// The schemas that references lead to, by their names.
pub(crate) struct Schemas<'a>(pub(crate) &'a Value);

impl Schemas<'_> {
    /// The schema that `schema` is, by reference or itself, and its name if it has one.
    pub(crate) fn find<'s>(&'s self, schema: &'s Value) -> (Option<&'s str>, &'s Value) {
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        match name {
            Some(name) => (Some(name), self.0.get(name).unwrap_or(&Value::Null)),
            None => (None, schema),
        }
    }

    /// An example of `schema`; `None` where nothing says what it could be.
    pub(crate) fn example(&self, schema: &Value) -> Option<Value> {
        self.example_of(schema, DEEPEST)
    }

    fn example_of(&self, schema: &Value, depth: usize) -> Option<Value> {
        let (_, schema) = self.find(schema);
        let depth = depth.checked_sub(1)?;
        let said = schema.get("example").or_else(|| schema["examples"].get(0));
        if let Some(said) = said.or_else(|| schema["enum"].get(0)) {
            return Some(said.clone());
        }
        for kind in ["oneOf", "anyOf"] {
            if let Some(kinds) = schema[kind].as_array() {
                return kinds.iter().find_map(|kind| self.example_of(kind, depth));
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let objects = parts.iter().filter_map(|part| self.example_of(part, depth));
            let fields = objects.filter_map(|part| part.as_object().cloned()).flatten();
            return Some(Value::Object(fields.collect()));
        }
        if schema["type"] == "array" {
            return Some(Value::Array(
                self.example_of(&schema["items"], depth).into_iter().collect(),
            ));
        }
        if schema["type"] != "object" {
            return None;
        }
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields = fields.filter_map(|(name, field)| Some((name.clone(), self.example_of(field, depth)?)));
        Some(Value::Object(fields.collect()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn examples_come_from_the_fields() {
        let known = json!({
            "Id": { "type": "string", "examples": ["t_1"] },
            "Token": { "type": "object", "properties": { "id": { "$ref": "#/components/schemas/Id" }, "silent": { "type": "string" } } },
            "Loop": { "type": "array", "items": { "$ref": "#/components/schemas/Loop" } },
        });
        let schemas = Schemas(&known);
        let token = json!({ "$ref": "#/components/schemas/Token" });
        assert_eq!(schemas.example(&token), Some(json!({ "id": "t_1" })));
        let list = json!({ "type": "array", "items": token });
        assert_eq!(schemas.example(&list), Some(json!([{ "id": "t_1" }])));
        let both = json!({ "allOf": [token, { "type": "object", "properties": { "n": { "example": 1 } } }] });
        assert_eq!(schemas.example(&both), Some(json!({ "id": "t_1", "n": 1 })));
        let either = json!({ "oneOf": [{ "type": "null" }, { "enum": ["a", "b"] }] });
        assert_eq!(schemas.example(&either), Some(json!("a")));
        assert_eq!(schemas.example(&json!({ "type": "string" })), None);
        assert!(
            schemas
                .example(&json!({ "$ref": "#/components/schemas/Loop" }))
                .is_some(),
            "it ends"
        );
    }
}
