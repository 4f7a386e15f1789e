//! Pictures in, pictures out, judged by what can be computed about them here.

mod animations;
mod colors;
mod damage;
mod files;
mod geometry;
mod looks;
mod scene;
