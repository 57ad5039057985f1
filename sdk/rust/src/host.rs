//! The host's functions, and what stands for them outside WASM.

/// Tells the operator how far the attempt is, in thousandths, and what it does now.
pub fn progress(permille: i32, note: &str) {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        import::progress(permille, note.as_ptr(), note.len())
    }
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("PROGRESS {}/1000 {}", permille, note)
}

/// Whether the attempt should stop. A long loop asks it now and then.
pub fn cancelled() -> bool {
    #[cfg(target_arch = "wasm32")]
    return unsafe { import::cancelled() != 0 };
    #[cfg(not(target_arch = "wasm32"))]
    false
}

pub(crate) fn log(level: i32, line: &str) {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        import::log(level, line.as_ptr(), line.len())
    }
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{} {}", ["DEBUG", "INFO", "WARN", "ERROR"][level as usize], line)
}

/// Sends an HTTP document and returns the answer's.
pub(crate) fn http(document: &[u8]) -> Vec<u8> {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        let size = import::http(document.as_ptr(), document.len());
        let mut answer = vec![0; size];
        let taken = import::http_response(answer.as_mut_ptr(), size);
        answer.truncate(taken);
        answer
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = document;
        let head = br#"{"error":{"code":"http_failed","message":"there is no host: this is not WASM"}}"#;
        [&(head.len() as u32).to_le_bytes()[..], head].concat()
    }
}

/// What a panic says. The host adds what a guest last wrote to stderr to the
/// attempt's error; a target without stderr has only the log.
#[cfg(target_arch = "wasm32")]
pub(crate) fn last_words(line: &str) {
    if cfg!(target_os = "wasi") {
        eprintln!("{}", line)
    } else {
        log(3, line)
    }
}

#[cfg(target_arch = "wasm32")]
mod import {
    #[link(wasm_import_module = "lessee_v1")]
    extern "C" {
        pub fn log(level: i32, at: *const u8, size: usize);
        pub fn progress(permille: i32, at: *const u8, size: usize);
        pub fn cancelled() -> i32;
        pub fn http(at: *const u8, size: usize) -> usize;
        pub fn http_response(at: *mut u8, size: usize) -> usize;
    }
}
