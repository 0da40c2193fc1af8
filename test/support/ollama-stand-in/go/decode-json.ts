/** The first JSON value of a text, as Go's json.Decoder reads it: what follows is ignored. */
export function decodeJson(text: string): unknown {
  if (text.trim() === "") throw new Error("EOF");
  try {
    return JSON.parse(text);
  } catch (error) {
    return decodePrefix(text, String(error));
  }
}

function decodePrefix(text: string, complaint: string): unknown {
  const position = Number(/at position (\d+)/.exec(complaint)?.[1] ?? Number.NaN);
  if (complaint.includes("after JSON")) return JSON.parse(text.slice(0, position));
  throw new Error(goComplaint(text, complaint, position));
}

/** What Go says about JSON where V8 says this. */
function goComplaint(text: string, complaint: string, position: number): string {
  const at = Number.isNaN(position) ? text.search(/\S/) : position;
  if (/Unexpected end|Unterminated string/.test(complaint) || at >= text.length) {
    return "unexpected EOF";
  }
  return `invalid character '${text.charAt(at)}' ${whereInJson(complaint)}`;
}

function whereInJson(complaint: string): string {
  if (complaint.includes("property name")) return "looking for beginning of object key string";
  if (complaint.includes("',' or '}'")) return "after object key:value pair";
  if (complaint.includes("',' or ']'")) return "after array element";
  return "looking for beginning of value";
}
