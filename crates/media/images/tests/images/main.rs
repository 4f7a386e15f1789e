//! Pictures in, pictures out, judged by what can be computed about them here.

mod alike;
mod animations;
mod colors;
mod damage;
mod files;
mod geometry;
mod golden;
mod looks;
mod references;
mod scene;
mod tiff;
