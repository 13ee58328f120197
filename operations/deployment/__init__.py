"""From a template and its parameters to a deployed stage: packaging, change sets, the pipeline's checks."""
