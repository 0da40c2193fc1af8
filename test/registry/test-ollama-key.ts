/** Keys as ssh-keygen writes them, and so Ollama; made for these tests, and of no worth elsewhere. */
export const TEST_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACC8uES2rU52H/of9Qv+4hjme3yeHemHXbl4k85RYm9nUAAAAIjnWMee51jH
ngAAAAtzc2gtZWQyNTUxOQAAACC8uES2rU52H/of9Qv+4hjme3yeHemHXbl4k85RYm9nUA
AAAEBmz/KJnhhYueoKSeY0EP4hJBrGfeFWNHJfj/QAKBw0h7y4RLatTnYf+h/1C/7iGOZ7
fJ4d6YdduXiTzlFib2dQAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
`;

/** The public half of that one, as its .pub file has it. */
export const TEST_PUBLIC_KEY =
  "AAAAC3NzaC1lZDI1NTE5AAAAILy4RLatTnYf+h/1C/7iGOZ7fJ4d6YdduXiTzlFib2dQ";

/** Locked with a passphrase. */
export const LOCKED_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC6153XDm
Ui1fxWepcw6fhoAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIGnD2dUBw+zb3oqI
EmEaXB4N7PadivmUkC2dqI79rwCzAAAAkHgZv+ubgdztbBkE7pF21vx+MZpKGq92eo0FOs
Oa5D/Dw8gYyz7MEO+V42gMVmS5UgKEMyhfG6xGQRObBt/F0NCu7c9Mi7jZHQDwf54rSOoy
ZjiqThTBY9wNvWqzg+QrY7fCEe/NhaAaAscxEDJEX8ICjyBCiGNJKWUtjz2UlTZnTrtnTV
HbRCQPqPDA5pJeMg==
-----END OPENSSH PRIVATE KEY-----
`;
