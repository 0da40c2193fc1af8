export const LICENSE =
  "The weights of this model are pseudo-random numbers written by a test-data generator.\n" +
  "They were trained on nothing and belong to nobody: use them for anything.\n";

export const CHAT_TEMPLATE =
  "{{ if .System }}{{ .System }}\n{{ end }}{{ if .Prompt }}{{ .Prompt }}\n{{ end }}{{ .Response }}";
