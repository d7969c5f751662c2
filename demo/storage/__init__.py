"""Tables, the engine with its pool, and the data the demo starts with."""
