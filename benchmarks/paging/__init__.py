"""From a breach at its source to the page: what is started, broken and timed."""
