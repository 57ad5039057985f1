//! A plugin is one handler, from an input to an output. Everything a host does
//! around it (leases, retries, committing what it answers) is not its business.

use lessee::{json_struct, plugin, Call, Error, Result};

json_struct! {
    struct Input { name: String }
    struct Output { greeting: String }
}

plugin!(handle);

/// One attempt at one job. `Error::retry`, and any other error by `?`, means:
/// try again later. `Error::permanent` says that no other attempt would fare better.
fn handle(_call: &mut Call, input: Input) -> Result<Output> {
    if input.name.is_empty() {
        return Err(Error::permanent("nobody to greet: send {\"name\": …}").with_code("no_name"));
    }
    lessee::info!("greeting name={}", input.name);
    Ok(Output { greeting: format!("Hello, {}", input.name) })
}

#[cfg(test)]
mod tests {
    use lessee::{object, testing::run};

    #[test]
    fn it_greets_by_name() {
        let result = run(super::handle, object! { "name" => "world" });
        assert_eq!(result["output"]["greeting"], "Hello, world");
    }

    #[test]
    fn it_fails_for_good_without_a_name() {
        let result = run(super::handle, object! { "name" => "" });
        assert_eq!(result["error"]["code"], "no_name");
    }
}
