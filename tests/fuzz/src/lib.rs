//! What the fuzz targets share: a deployment without a network, what is promised of its answers, and how JSON is changed.

pub mod answer;
pub mod json;
pub mod lines;
pub mod site;
