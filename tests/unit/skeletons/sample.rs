//! Keeps notes in memory.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
pub use std::io::Result as IoResult;

/// How many notes fit.
pub const LIMIT: usize = 80;
static NAMES: &[&str] = &[
    "a", "b",
];
pub type Names<'a> = BTreeMap<&'a str, usize>;

/// What can go wrong.
#[derive(Debug, Clone)]
pub enum Error {
    /// It is not there.
    Missing(String),
    Full { limit: usize },
    Closed,
}

/// Keeps notes.
///
/// Long words about that.
#[derive(Default)]
pub struct Store<'a, T: Clone, const N: usize = 8>
where
    T: Display,
{
    notes: HashMap<&'a str, T>,
    #[allow(dead_code)]
    pub(crate) count: usize,
}

pub struct Pair(pub i32, i32);
struct Unit;

#[repr(C)]
union Bits { whole: u32, half: [u16; 2] }

/// Reads notes.
pub trait Reader: Display + Send {
    type Key;
    const DEPTH: usize = 1;
    /// Read one.
    fn read(&self, key: Self::Key) -> Result<String, Error>;
    fn reread(&self) -> bool { true }
}

impl<'a, T: Clone + Display> Store<'a, T> {
    pub fn new() -> Self { todo!() }

    /// Put one in.
    #[inline]
    #[must_use = "says whether it was new"]
    pub async fn put<F>(&mut self, name: &'a str, mut value: T, (x, y): (u8, u8), each: F) -> Result<bool, Error>
    where
        F: Fn(&T) -> bool,
    {
        if name.is_empty() {
            return Err(Error::Missing(name.to_string()));
        }
        let local = |a: u8| a + x + y;
        if local(1) > 3 {
            return Err(Error::Full { limit: LIMIT });
        }
        self.count += 1;
        self.notes.insert(name, value.clone());
        value = self.notes[name].clone();
        println!("{}", each(&value));
        Ok(true)
    }

    fn fill(out: &mut Vec<i32>, pair: &mut Pair) {
        out[0] = 1;
        pair.0 = 2;
        assert!(out.len() > 1);
    }
}

impl Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unit")
    }
}

unsafe impl Send for Bits {}

pub mod deep {
    pub(super) fn inside<const K: usize>(of: [u8; K]) -> impl Iterator<Item = u8> { of.into_iter() }

    #[cfg(test)]
    mod tests {
        #[test]
        fn works() { assert_eq!(1, 1); }
    }
}

#[macro_export]
macro_rules! notes {
    ($($name:expr),*) => { vec![$($name),*] };
}

extern "C" {
    fn getpid() -> i32;
}

fn marked(#[allow(unused)] a: u8, b: u8) -> u8 { a + b }

pub extern "C" fn leave(code: i32) -> ! { std::process::exit(code + unsafe { getpid() }) }
