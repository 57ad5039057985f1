//! noop does nothing: what it costs is what a job costs.

lessee::plugin!(noop);

fn noop(_call: &mut lessee::Call, _input: ()) -> lessee::Result<()> {
    Ok(())
}
