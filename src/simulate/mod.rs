//! Made-up data of any size with known truth: nothing from outside is needed to show, to test or to measure the program.
//!
//! Each kind has a page that says exactly what is drawn, which `evenhand simulate KIND --explain` prints. The same plan
//! and seed give the same bytes for any number of threads and on every processor: sampling compares whole numbers from a
//! stream cipher, and what is computed before it uses only the four operations of arithmetic.

mod folder;
pub mod stops;
