# R's side of (c): a logit on the rows, and CR1 errors by county from its scores.
# Timed: glm and the errors, the rows in memory as factors. Reading the CSV is not timed here; it is on evenhand's side.
folder <- commandArgs(trailingOnly = TRUE)[1]
rows <- read.csv(file.path(folder, "rows.csv"), stringsAsFactors = TRUE)
rows$race <- relevel(rows$race, "white")

# CR1 by cluster, given (X'WX)^-1.
clustered <- function(fit, cluster, bread) {
  x <- model.matrix(fit)
  sums <- rowsum(x * residuals(fit, "response"), cluster)
  groups <- nrow(sums)
  # County effects lie within the clusters and count once, as in fixest and evenhand; sandwich would count them all.
  coefficients <- ncol(x) - (nlevels(cluster) - 1)
  factor <- groups / (groups - 1) * (nrow(x) - 1) / (nrow(x) - coefficients)
  sqrt(factor * diag(bread %*% crossprod(sums) %*% bread))
}

seconds <- system.time({
  fit <- glm(searched ~ race + county, binomial, rows)
  clustered(fit, rows$county, summary(fit)$cov.unscaled)
})[["elapsed"]]

# glm keeps the weights of its last step but one, which is 1e-6 off; errors are compared with those at the estimates.
x <- model.matrix(fit)
at_estimates <- solve(crossprod(x * sqrt(fitted(fit) * (1 - fitted(fit)))))
errors <- clustered(fit, rows$county, at_estimates)

shown <- paste0("race", c("black", "hispanic", "asian"))
numbers <- as.vector(rbind(coef(fit)[shown], errors[match(shown, names(coef(fit)))]))
writeBin(c(seconds, numbers), file.path(folder, "glm.f64"), size = 8, endian = "little")
writeLines(R.version.string, file.path(folder, "glm.txt"))
