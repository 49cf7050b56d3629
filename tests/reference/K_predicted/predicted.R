# Predicted probabilities by year and group, with errors by the delta method from a CR1 covariance by place.
# Base R only; the formulas are those of Lane and Nelder (1982) and of Liang and Zeger (1986) with the factor
# G / (G - 1) (n - 1) / (n - k), n trials and k columns. Run: Rscript predicted.R > predicted.json
rows <- do.call(rbind, lapply(0:23, function(p) do.call(rbind, lapply(0:3, function(y) {
  base <- 20 + (p * 7 + y * 5) %% 13
  gap <- (p * p * 13 + p * 7) %% 61
  data.frame(place = sprintf("p%02d", p), year = 2010 + y, group = c("white", "black"),
             x = c(base, base + gap), n = c(400, 300))
}))))
rows$group <- relevel(factor(rows$group), "white")
fit <- glm(cbind(x, n - x) ~ group + factor(year) + place, binomial, rows, epsilon = 1e-14, maxit = 100)
X <- model.matrix(fit); b <- coef(fit); p <- fitted(fit)
A <- solve(t(X) %*% (X * (rows$n * p * (1 - p))))
S <- rowsum(X * (rows$x - rows$n * p), rows$place)
G <- nrow(S); n <- sum(rows$n); k <- ncol(X)
V <- G / (G - 1) * (n - 1) / (n - k) * A %*% (t(S) %*% S) %*% A
one <- function(held, group) {
  Z <- X[held, , drop = FALSE]; w <- rows$n[held]
  Z[, "groupblack"] <- as.numeric(group == "black")
  q <- plogis(drop(Z %*% b))
  P <- sum(w * q) / sum(w)
  g <- colSums(Z * (w * q * (1 - q))) / sum(w)
  se <- sqrt(drop(t(g) %*% V %*% g))
  half <- qt(0.975, G - 1) * se / (P * (1 - P))
  sprintf('{"group":"%s","estimate":%.15g,"std_error":%.15g,"low":%.15g,"high":%.15g',
          group, P, se, plogis(qlogis(P) - half), plogis(qlogis(P) + half))
}
lines <- c(sapply(c("white", "black"), function(g) paste0(one(rep(TRUE, nrow(rows)), g), ',"year":""}')))
for (y in 2010:2013) for (g in c("white", "black")) lines <- c(lines, paste0(one(rows$year == y, g), ',"year":"', y, '"}'))
cat('{"meta":{"generator":"predicted.R, R ', as.character(getRversion()), '"},"predicted":[\n', paste(lines, collapse = ",\n"), '\n]}\n', sep = "")
