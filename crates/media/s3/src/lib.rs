//! The S3 face of the object engine.
