//! The identity of a space's decisions.

use sha2::{Digest, Sha256};

use super::{DecisionSpace, Guard, GuardId};

impl DecisionSpace {
    /// A hash of the decisions alone: paths, domains, options, conditions and
    /// requirements, in program order. Editing weights or hints of a space keeps it, and so
    /// keeps the space's architectures valid.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for point in &self.points {
            let mut text = format!("{}\0{:?}", point.path, point.domain);
            for option in &point.options {
                text.push('\0');
                text.push_str(option);
            }
            text.push('\0');
            self.write_guard(point.active, &mut text);
            for &available in &point.available {
                text.push('\0');
                self.write_guard(available, &mut text);
            }
            text.push('\n');
            hasher.update(text);
        }
        if self.require != GuardId::ALWAYS {
            let mut text = "require\0".to_owned();
            self.write_guard(self.require, &mut text);
            hasher.update(text);
        }
        let digest = hasher.finalize();
        let mut hash = String::with_capacity(16);
        for byte in digest.iter().take(8) {
            hash.push_str(&format!("{byte:02x}"));
        }
        hash
    }

    /// A condition in words that do not depend on the numbers of its arena,
    /// where conditions of edges stand too.
    fn write_guard(&self, guard: GuardId, text: &mut String) {
        let (sign, operands) = match self.guards.get(guard) {
            Guard::Always => return text.push('1'),
            Guard::Never => return text.push('0'),
            Guard::Has { decision, option } => {
                return text.push_str(&format!("{}:{option}", decision.0));
            }
            Guard::Not(inner) => ('!', vec![*inner]),
            Guard::And(operands) => ('&', operands.clone()),
            Guard::Or(operands) => ('|', operands.clone()),
            Guard::AtMost { terms, bound } => {
                let mut words: Vec<String> = terms
                    .iter()
                    .map(|&(term, weight)| {
                        let mut word = format!("{weight}*");
                        self.write_guard(term, &mut word);
                        word
                    })
                    .collect();
                words.sort_unstable();
                return text.push_str(&format!("(<={bound} {})", words.join(",")));
            }
        };
        let mut words: Vec<String> = operands
            .into_iter()
            .map(|operand| {
                let mut word = String::new();
                self.write_guard(operand, &mut word);
                word
            })
            .collect();
        // Operands are kept by number; their order must not depend on it.
        words.sort_unstable();
        text.push('(');
        text.push(sign);
        text.push_str(&words.join(","));
        text.push(')');
    }
}
