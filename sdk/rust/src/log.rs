/// The severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the author.
    Debug,
    /// What happens.
    Info,
    /// What somebody may want to look at.
    Warn,
    /// What somebody has to look at.
    Error,
}

/// One line for the attempt's log; [`info!`](crate::info) and its like format it.
pub fn log(level: Level, line: &str) {
    crate::host::log(level as i32, line)
}

/// Logs a line at level debug, formatted as by `format!`.
#[macro_export]
macro_rules! debug { ($($arg:tt)+) => { $crate::log($crate::Level::Debug, &format!($($arg)+)) } }

/// Logs a line at level info, formatted as by `format!`.
#[macro_export]
macro_rules! info { ($($arg:tt)+) => { $crate::log($crate::Level::Info, &format!($($arg)+)) } }

/// Logs a line at level warn, formatted as by `format!`.
#[macro_export]
macro_rules! warn { ($($arg:tt)+) => { $crate::log($crate::Level::Warn, &format!($($arg)+)) } }

/// Logs a line at level error, formatted as by `format!`.
#[macro_export]
macro_rules! error { ($($arg:tt)+) => { $crate::log($crate::Level::Error, &format!($($arg)+)) } }
