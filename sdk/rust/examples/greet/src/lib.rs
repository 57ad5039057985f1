//! greet is the smallest plugin there is.

use lessee::{json_struct, plugin, Call, Error, Result};

json_struct! {
    struct In { name: Option<String> }
}

plugin!(greet);

fn greet(_call: &mut Call, input: In) -> Result<String> {
    match input.name {
        Some(name) if !name.is_empty() => {
            lessee::info!("greeting name={name}");
            Ok(format!("Hello, {name}"))
        }
        _ => Err(Error::permanent("nobody to greet: send {\"name\": …}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lessee::{object, testing::run};

    #[test]
    fn it_greets_by_name() {
        assert_eq!(run(greet, object! { "name" => "world" })["output"], "Hello, world");
    }

    #[test]
    fn it_fails_for_good_without_a_name() {
        assert_eq!(run(greet, object! {})["status"], "fail");
    }
}
