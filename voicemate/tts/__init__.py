"""From a reply to sound: phrases, what is read out and how, synthesizers."""
