"""What the page does, without its markup: plain values in, plain values out."""
