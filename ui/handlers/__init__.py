"""What the page does: one module a journey, plain values in and out."""
