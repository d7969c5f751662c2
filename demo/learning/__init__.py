"""Small numpy models that really train and infer, and the sparse encoders."""
